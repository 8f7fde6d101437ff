"""Labelled images that a network was not trained on, as far as that can be told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from monai_covid.data.collections.layout import Policy
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.datalists import datalist_hash, stage2_datalist, stage3_datalist
from monai_covid.data.nih import is_nih_folder
from monai_covid.data.records import Datalist
from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.evaluation.calibration.temperature import with_temperature
from monai_covid.evaluation.columns import IMAGE, PATIENT
from monai_covid.evaluation.predictions import multiclass_table, multilabel_table
from monai_covid.inference.classifier import ImageClassifier
from monai_covid.models.model_file import ModelInfo


def labelled_datalist(
    info: ModelInfo,
    dataset_dir: Path | str,
    section: str = "test",
    *,
    manifest: Path | str | None = None,
    image_dir: Path | str | None = None,
    fold: int = 0,
    folds: int = 5,
    hold_out_by: str | None = None,
    validation_fraction: float | None = None,
    seed: int = 0,
    exclude_manifests: Sequence[Path | str] = (),
    exclude_fold: int | None = None,
    exclude_validation_fraction: float | None = None,
    leave_out_sources: Sequence[str] = (),
    patient_pattern: str | None = None,
    uncertain: Policy = "ignore",
    blank: Policy = "zeros",
    limit: int | None = None,
) -> Datalist:
    """Return a section of the collection that a network's labels belong to.

    Args:
        info: What the network is. One whose labels can hold at once is evaluated as in stage 2
            where no manifest is given.
        dataset_dir: Folder of the collection.
        section: training, validation or test; for manifests also all.
        manifest: Collection of stage 3, as for `read_collection`; None: ``dataset_dir``.
        image_dir: Folder of the manifest's images; None: beside it or in ``images/``.
        fold: Fold that is the test section.
        folds: Number of folds, where the manifest has no fold column.
        hold_out_by: For manifests: as in training.
        validation_fraction: As in training; None for that stage's default.
        seed: As in training.
        exclude_manifests: For ChestX-ray14: manifests whose patients are left out.
        exclude_fold: For ChestX-ray14: as in training.
        exclude_validation_fraction: For ChestX-ray14: as in training.
        leave_out_sources: For manifests: as in training.
        patient_pattern: As for `read_collection`.
        uncertain: As for `read_collection`.
        blank: As for `read_collection`.
        limit: At most this many images.

    Raises:
        InputError: If the data have problems.
        ValueError: If an argument is out of range.
    """
    if info.multilabel and manifest is None:
        return stage2_datalist(
            dataset_dir,
            section,
            labels=info.labels,
            patient_pattern=patient_pattern,
            uncertain=uncertain,
            blank=blank,
            validation_fraction=validation_fraction or 0.1,
            seed=seed,
            exclude_manifests=exclude_manifests,
            exclude_fold=exclude_fold,
            exclude_validation_fraction=exclude_validation_fraction,
            limit=limit,
        )
    return stage3_datalist(
        manifest or dataset_dir,
        section,
        labels=info.classes,
        patient_pattern=patient_pattern,
        uncertain=uncertain,
        blank=blank,
        fold=fold,
        folds=folds,
        hold_out_by=hold_out_by,
        validation_fraction=validation_fraction or 0.15,
        seed=seed,
        image_dir=image_dir,
        leave_out_sources=leave_out_sources,
        limit=limit,
    )


VALIDATION, ALL = "validation", "all"
SUMMARY = "summary.json"
DAMAGED = "not the summary of a run: it has no settings"


@dataclass(frozen=True)
class Collection:
    """A labelled collection, and which part of it a network was trained on.

    Attributes:
        place: Manifest, or folder of the collection.
        section: ``validation``: what the run held out of training; ``all``: all images, of a
            collection that no image of was trained on.
        image_dir: Folder of the images; None: beside the manifest.
        fold: The run's test fold; None: that of its summary.
        seed: The run's seed; None: that of its summary, or 0.
        validation_fraction: The run's; None: that of its summary, or the default.
        exclude_manifests: For ChestX-ray14: manifests whose patients were left out.
    """

    place: Path
    section: str = VALIDATION
    image_dir: Path | None = None
    fold: int | None = None
    seed: int | None = None
    validation_fraction: float | None = None
    exclude_manifests: Sequence[Path] = ()


class Unseen(NamedTuple):
    """Images to calibrate on.

    Attributes:
        items: The images.
        words: Which they are.
        confirmed: Whether the run's summary confirms that they were not trained on.
    """

    items: Datalist
    words: str
    confirmed: bool


def run_settings(model: Path | str) -> Mapping[str, Any]:
    """Return the settings of the run that made a model file; empty if its summary is not there.

    Raises:
        InputError: If there is a summary that cannot be read.
    """
    file = Path(model).parent / SUMMARY
    if not file.is_file():
        return {}
    try:
        settings: Any = json.loads(file.read_text(encoding="utf-8"))["settings"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError([Problem(file, None, DAMAGED)]) from error
    if not isinstance(settings, dict):
        raise InputError([Problem(file, None, DAMAGED)])
    return settings


def unseen_images(info: ModelInfo, collection: Collection, settings: Mapping[str, Any]) -> Unseen:
    """Return the images of a collection to calibrate on.

    Args:
        info: What the network is.
        collection: Where they are.
        settings: Of the network's run, see ``run_settings``.

    Raises:
        InputError: If the data have problems.
        OptionError: If the images are those of the training, or not those of the run.
    """
    if collection.section == ALL:
        return _all_images(info, collection, settings)
    training = section_of(info, collection, settings, "training")
    items = section_of(info, collection, settings, VALIDATION)
    known = settings.get("data")
    if known is not None and known != datalist_hash(training, items):
        raise OptionError(
            f"{collection.place}: the parts for training and validation are not those that the "
            f"network's run had (its {SUMMARY} tells); give the collection, --fold, --split-seed "
            "and --validation-fraction of the run. If it had --extra_manifests or "
            "--leave_out_images, give --predictions"
        )
    return Unseen(items, f"validation part{_place(info, collection, settings)}", known is not None)


def section_of(
    info: ModelInfo, collection: Collection, settings: Mapping[str, Any], section: str
) -> Datalist:
    """Return a section of the collection as the run divided it.

    Raises:
        InputError: If the data have problems.
        OptionError: If the fold is not known.
    """
    return labelled_datalist(
        info,
        collection.place,
        section,
        manifest=None if _as_stage2(info, collection) else collection.place,
        image_dir=collection.image_dir,
        fold=0 if _as_stage2(info, collection) else _fold(collection, settings),
        folds=settings.get("folds", 5),
        hold_out_by=settings.get("hold_out_by"),
        validation_fraction=_first(
            collection.validation_fraction, settings.get("validation_fraction")
        ),
        seed=_first(collection.seed, settings.get("seed"), 0),
        exclude_manifests=collection.exclude_manifests,
        exclude_fold=settings.get("exclude_fold"),
        exclude_validation_fraction=settings.get("exclude_validation_fraction"),
        leave_out_sources=settings.get("leave_out_sources") or (),
        limit=settings.get("limit"),
    )


def _all_images(info: ModelInfo, collection: Collection, settings: Mapping[str, Any]) -> Unseen:
    if _as_stage2(info, collection):
        raise OptionError("--section all is for manifests; ChestX-ray14 has training images in it")
    if "data" in settings and _is_training_collection(info, collection, settings):
        raise OptionError(
            f"{collection.place}: the network was trained on images of this collection (its "
            f"{SUMMARY} tells); give --section {VALIDATION}, or a collection of other patients"
        )
    records = read_collection(collection.place, info.labels, image_dir=collection.image_dir)
    several = info.multilabel
    items = records.multi_label_datalist() if several else records.single_label_datalist()
    return Unseen(items, f"all images of {_name(collection.place)}", False)


def _is_training_collection(
    info: ModelInfo, collection: Collection, settings: Mapping[str, Any]
) -> bool:
    try:
        parts = [section_of(info, collection, settings, name) for name in ("training", VALIDATION)]
    except (InputError, OptionError):
        return False  # it cannot be divided as the run divided its collection
    return bool(datalist_hash(*parts) == settings["data"])


def _as_stage2(info: ModelInfo, collection: Collection) -> bool:
    return info.multilabel and is_nih_folder(collection.place)


def _fold(collection: Collection, settings: Mapping[str, Any]) -> int:
    fold = _first(collection.fold, settings.get("fold"))
    if fold is None:
        raise OptionError("--fold is missing: which fold was kept for testing when it was trained?")
    return int(fold)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _place(info: ModelInfo, collection: Collection, settings: Mapping[str, Any]) -> str:
    name = _name(collection.place)
    if _as_stage2(info, collection):
        return f" of {name}"
    return f" of {name}, fold {_fold(collection, settings)}"


def _name(place: Path) -> str:
    """Return the collection's folder, or its manifest if that has a name of its own."""
    usual = place.is_dir() or place.stem == "metadata"
    return (place if place.is_dir() else place.parent).resolve().name if usual else place.stem


def check_apart(table: pd.DataFrame, training: Datalist, source: Path | str) -> None:
    """Make sure that no patient of a predictions table was trained on.

    Raises:
        InputError: Naming the rows.
    """
    patients = {str(item["patient_id"]) for item in training}
    images = {Path(item["name"]).name for item in training}
    seen = table[PATIENT].astype(str).isin(patients) | table[IMAGE].map(
        lambda name: Path(str(name)).name in images
    )
    rows = np.flatnonzero(seen.to_numpy(bool)) + 2
    message = "this image or its patient was trained on; calibration takes images that were not"
    if len(rows):
        raise InputError([Problem(source, row, message) for row in rows.tolist()])


def predictions_of(
    classifier: ImageClassifier, items: Datalist, batch_size: int, source: Path | str
) -> pd.DataFrame:
    """Return the predictions table of a network, with its temperature.

    Args:
        classifier: The network.
        items: Labelled images.
        batch_size: Images that pass the network together.
        source: Where they come from, for messages.

    Raises:
        InputError: If images cannot be read; names all of them.
    """
    info = classifier.info
    # Where images have labels, these decide which are suitable.
    predictions = list(
        classifier.predict([item["image"] for item in items], batch_size, assess=False)
    )
    unreadable = [Problem(source, None, each.error) for each in predictions if each.error]
    if unreadable:
        raise InputError(unreadable)
    build = multilabel_table if info.multilabel else multiclass_table
    table = build(
        [item["name"] for item in items],
        [item["patient_id"] for item in items],
        np.array([item["label"] for item in items]),
        np.array([[each.probabilities[label] for label in info.labels] for each in predictions]),
        info.labels,
    )
    return with_temperature(table, info.temperature)
