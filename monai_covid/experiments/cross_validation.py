"""Cross-validation of stage 3: one run a fold, then one table."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_covid.data.manifest import has_folds, read_manifest
from monai_covid.errors import RunFolderError
from monai_covid.evaluation.cross_validation import cross_validate
from monai_covid.evaluation.cross_validation_folder import (
    MARK,
    cross_validation_text,
    write_cross_validation,
)
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.experiments.stages import chosen, evaluate_stage, train_stage
from monai_covid.labels import COVID_LABELS
from monai_covid.training import TimeBudget

logger = logging.getLogger(__name__)

EVALUATION_OPTIONS = ("image_dir", "folds", "seed", "limit", "device", "batch_size", "progress")


def folds_of(manifest: Path | str, image_dir: str | None = None, folds: int = 5) -> list[int]:
    """Return the folds of a manifest: those of its fold column, else 0 to ``folds`` - 1."""
    frame = read_manifest(manifest, image_dir=image_dir).frame
    return sorted({int(fold) for fold in frame["fold"]}) if has_folds(frame) else [*range(folds)]


def cross_validate_stage(
    bundle_root: Path | str,
    dataset_dir: Path | str,
    output_dir: Path | str,
    *,
    manifest: Path | str | None = None,
    config: str = "stage3_covid.yaml",
    options: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    resamples: int = 2000,
    budget: TimeBudget | None = None,
) -> Path | None:
    """Train and evaluate every fold of a stage 3 config and aggregate the test predictions.

    Folds that are finished are not trained again, so that the same call continues an interrupted
    cross-validation.

    Args:
        bundle_root: Folder of the bundle.
        dataset_dir: Folder of the collection.
        output_dir: Folder that gets ``fold_K/`` for each fold and ``cross_validation/``.
        manifest: Manifest CSV; None for ``metadata.csv`` in ``dataset_dir``.
        config: Config of the stage, in ``bundle/configs``.
        options: Options of that config.
        resume: Continue what is in ``output_dir``.
        overwrite: Replace what is in ``output_dir``.
        resamples: Bootstrap resamples.
        budget: Time for all folds together; None for as long as it takes.

    Returns:
        The folder with the tables, or None if time ran out.

    Raises:
        RunFolderError: If the folder holds runs and neither resume nor overwrite was asked for.
    """
    output, chosen_options = Path(output_dir), dict(options or {})
    manifest = Path(manifest) if manifest else Path(dataset_dir) / "metadata.csv"
    _check_output(output, resume, overwrite)
    folds = folds_of(manifest, chosen_options.get("image_dir"), chosen_options.get("folds", 5))
    data = {"dataset_dir": str(dataset_dir), "manifest": str(manifest)}
    for fold in folds:
        logger.info("Fold %d (of %s)", fold, ", ".join(map(str, folds)))
        run_dir = output / f"fold_{fold}"
        if budget:
            chosen_options["minutes"] = budget.minutes_left()
        summary = train_stage(
            bundle_root, config, run_dir, anew=overwrite, fold=fold, **data, **chosen_options
        )
        if not summary["finished"]:
            return None
        evaluated = chosen(chosen_options, *EVALUATION_OPTIONS)
        evaluate_stage(bundle_root, run_dir, fold=fold, resamples=resamples, **data, **evaluated)
    return aggregate_folds(output, folds, resamples)


def aggregate_folds(output: Path, folds: Sequence[int], resamples: int = 2000) -> Path:
    """Write the tables over the folds' test predictions into ``output/cross_validation``."""
    tables = {
        fold: read_predictions(output / f"fold_{fold}" / "evaluation" / "predictions.csv")
        for fold in folds
    }
    report = cross_validate(tables, COVID_LABELS, resamples)
    folder = write_cross_validation(report, output / "cross_validation", overwrite=True)
    logger.info("%s\n%s", folder, cross_validation_text(report))
    return folder


def _check_output(output: Path, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise RunFolderError("resume and overwrite exclude each other; give one of them")
    holds = any(output.glob("fold_*/last.pt")) or (output / "cross_validation" / MARK).exists()
    if holds and not (resume or overwrite):
        raise RunFolderError(
            f"{output}: holds a cross-validation already. Continue it with --resume True, replace "
            "it with --overwrite True, or give another --output_dir"
        )
