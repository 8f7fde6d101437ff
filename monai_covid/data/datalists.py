"""MONAI datalists of the two transfer stages, for the bundle's configs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.class_balance import balanced_subset, class_counts
from monai_covid.data.extra_manifests import with_extra_manifests
from monai_covid.data.folders import as_paths
from monai_covid.data.manifest import has_folds, read_manifest
from monai_covid.data.nih import read_nih
from monai_covid.data.patients import drop_manifest_patients
from monai_covid.data.records import Datalist, Records
from monai_covid.data.splits import assign_folds, check_folds, check_fraction, hold_out
from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.labels import COVID_LABELS, NIH_LABELS

logger = logging.getLogger(__name__)

Paths = Path | str | Sequence[Path | str] | None

NIH_SECTIONS = ("training", "validation", "test")
COVID_SECTIONS = (*NIH_SECTIONS, "all")


def nih_datalist(
    dataset_dir: Path | str,
    section: str,
    *,
    labels: Sequence[str] = NIH_LABELS,
    validation_fraction: float = 0.1,
    seed: int = 0,
    exclude_manifests: Paths = (),
    limit: int | None = None,
) -> Datalist:
    """Return a section of ChestX-ray14 for stage 2.

    The official test list is the test section. The official train_val list is divided by patient
    into training and validation, see :func:`monai_covid.data.splits.hold_out`.

    Args:
        dataset_dir: Folder in the official layout, see :func:`monai_covid.data.nih.read_nih`.
        section: training, validation or test.
        labels: The ``C`` outputs.
        validation_fraction: Part of the train_val patients that is held out, between 0 and 1.
        seed: For the hold-out and ``limit``.
        exclude_manifests: Manifests of stage 3 (one or several); their patients are left out.
        limit: Take a class-balanced subset of so many images, for quick trials.

    Returns:
        Items with ``image`` (absolute path), ``label`` (list of ``C`` floats), ``patient_id``,
        ``name`` (as in the CSV), and ``view``, ``sex``, ``age`` (str) where the CSV has them.

    Raises:
        ValueError: An argument is out of range.
        InputError: The data have problems or the section is empty.
    """
    _check_section(section, NIH_SECTIONS)
    check_fraction(validation_fraction)
    records = read_nih(dataset_dir, labels)
    records = drop_manifest_patients(records, as_paths(exclude_manifests)).records
    records = records.select((records.frame["split"] == "test").to_numpy() == (section == "test"))
    if section != "test":
        held = hold_out(records.patients, records.targets, validation_fraction, seed)
        records = records.select(held == (section == "validation"))
    return _finished(records, records.multi_label_datalist(), section, limit, seed)


def covid_datalist(
    manifest: Path | str,
    section: str,
    *,
    labels: Sequence[str] = COVID_LABELS,
    fold: int = 0,
    folds: int = 5,
    validation_fraction: float = 0.15,
    seed: int = 0,
    image_dir: Path | str | None = None,
    extra_manifests: Paths = (),
    limit: int | None = None,
) -> Datalist:
    """Return a section of a manifest for stage 3.

    The test section is one fold: of the column ``fold`` if the manifest has it, else of stratified
    folds by patient. Of the other folds, a stratified part of the patients is for validation and
    the rest for training. Section "all" is the three together.

    Args:
        manifest: CSV file, or folder that holds ``metadata.csv``.
        section: training, validation, test or all.
        labels: The class names; their positions are the class indices.
        fold: Fold for testing.
        folds: Number of folds to make if the manifest has none; not used otherwise.
        validation_fraction: Part of the patients of the other folds, between 0 and 1.
        seed: For folds, hold-out and ``limit``.
        image_dir: Folder of the manifest's images, if not beside it; not for extra manifests.
        extra_manifests: Manifests (one or several) whose images are added to training only.
            Patients that also occur in ``manifest`` are left out, and folds are ignored.
        limit: Take a class-balanced subset of so many images, for quick trials.

    Returns:
        Items with ``image`` (absolute path), ``label`` (class index), ``patient_id``, ``name`` (as
        in the CSV), and ``view``, ``sex``, ``age``, ``source`` (str) where a manifest has them.

    Raises:
        ValueError: An argument is out of range.
        InputError: The data have problems, the section is empty or training lacks a class.
    """
    _check_section(section, COVID_SECTIONS)
    check_fraction(validation_fraction)
    records = read_manifest(manifest, labels, image_dir)
    sections = _covid_sections(records, fold, folds, validation_fraction, seed)
    chosen = records.select((sections == section) | (section == "all"))
    items = chosen.single_label_datalist()
    if section in ("training", "all"):
        items = with_extra_manifests(items, as_paths(extra_manifests), records)
    return _finished(records, items, section, limit, seed)


def _check_section(section: str, sections: Sequence[str]) -> None:
    if section not in sections:
        raise OptionError(f"section must be one of {', '.join(sections)}, got {section!r}")


def _covid_sections(
    records: Records, fold: int, folds: int, fraction: float, seed: int
) -> NDArray[np.str_]:
    """Return the section of each image, ``(N,)`` str."""
    fold_of = _folds(records, folds, seed)
    given = np.unique(fold_of).tolist()
    if fold not in given or isinstance(fold, bool):
        raise OptionError(f"fold must be one of {given} in {records.file}, got {fold!r}")
    sections = np.full(len(records), "test", dtype="<U10")
    rest = fold_of != fold
    others = records.select(rest)
    held = hold_out(others.patients, others.targets, fraction, seed)
    sections[rest] = np.where(held, "validation", "training")
    return sections


def _folds(records: Records, folds: int, seed: int) -> NDArray[np.intp]:
    if has_folds(records.frame):
        return records.frame["fold"].to_numpy(dtype=object).astype(np.intp)
    check_folds(folds)
    for label, name in enumerate(records.labels):
        patients = len(set(records.patients[records.targets[:, label]]))
        if patients < folds:
            message = f"{folds} folds need {folds} patients of class {name!r}, found {patients}"
            raise InputError([Problem(records.file, None, message)])
    return assign_folds(records.patients, records.classes, folds, seed)


def _finished(
    records: Records, items: Datalist, section: str, limit: int | None, seed: int
) -> Datalist:
    """Check that a section can be used, then cut it to ``limit``."""
    if not items:
        raise InputError(
            [Problem(records.file, None, f"no images are left for the {section} section")]
        )
    if section == "training":
        _check_labels(records, items)
    return items if limit is None else balanced_subset(items, limit, seed)


def _check_labels(records: Records, items: Datalist) -> None:
    """Refuse to train without a class; one of several labels may be absent, as in a small part."""
    counts = class_counts(items, len(records.labels))
    absent = [name for name, count in zip(records.labels, counts, strict=True) if not count]
    problems = [
        Problem(records.file, None, f"the training section has no image of {name!r}")
        for name in absent
    ]
    if problems and isinstance(items[0]["label"], int):
        raise InputError(problems)
    if problems:
        logger.warning(
            "%s: no training image of %s; their output neurons learn to say no",
            *(records.file, ", ".join(absent)),
        )
