"""The labelled images that a network is evaluated on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monai_covid.checkpoints import ModelInfo
from monai_covid.data.datalists import covid_datalist, nih_datalist
from monai_covid.data.records import Datalist


def labelled_datalist(
    info: ModelInfo,
    dataset_dir: Path | str,
    section: str = "test",
    *,
    manifest: Path | str | None = None,
    image_dir: Path | str | None = None,
    fold: int = 0,
    folds: int = 5,
    validation_fraction: float | None = None,
    seed: int = 0,
    exclude_manifests: Sequence[Path | str] = (),
    exclude_fold: int | None = None,
    exclude_validation_fraction: float | None = None,
    leave_out_sources: Sequence[str] = (),
    limit: int | None = None,
) -> Datalist:
    """Return a section of the collection that a network's labels belong to.

    Args:
        info: What the network is: multi-label networks are evaluated on ChestX-ray14.
        dataset_dir: Folder of the collection.
        section: training, validation or test; for manifests also all.
        manifest: Manifest CSV; None for ``metadata.csv`` in ``dataset_dir``.
        image_dir: Folder of the manifest's images; None: beside it or in ``images/``.
        fold: Fold that is the test section.
        folds: Number of folds, where the manifest has no fold column.
        validation_fraction: As in training; None for that stage's default.
        seed: As in training.
        exclude_manifests: For ChestX-ray14: manifests whose patients are left out.
        exclude_fold: For ChestX-ray14: as in training.
        exclude_validation_fraction: For ChestX-ray14: as in training.
        leave_out_sources: For manifests: as in training.
        limit: At most this many images.

    Raises:
        InputError: If the data have problems.
        ValueError: If an argument is out of range.
    """
    if info.multilabel:
        return nih_datalist(
            dataset_dir,
            section,
            labels=info.labels,
            validation_fraction=validation_fraction or 0.1,
            seed=seed,
            exclude_manifests=exclude_manifests,
            exclude_fold=exclude_fold,
            exclude_validation_fraction=exclude_validation_fraction,
            limit=limit,
        )
    return covid_datalist(
        manifest or Path(dataset_dir) / "metadata.csv",
        section,
        labels=info.labels,
        fold=fold,
        folds=folds,
        validation_fraction=validation_fraction or 0.15,
        seed=seed,
        image_dir=image_dir,
        leave_out_sources=leave_out_sources,
        limit=limit,
    )
