"""MONAI datalists of the two transfer stages, for the bundle's configs."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.class_balance import balanced_subset, class_counts
from monai_covid.data.collections.layout import Policy
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.folders import as_paths
from monai_covid.data.hospitals import UNUSED, held_out_hospital, without_hospital
from monai_covid.data.leave_out import (
    LeaveOut,
    RunImages,
    extra_records,
    leave_out,
    with_extra_records,
)
from monai_covid.data.patients import drop_patients
from monai_covid.data.records import Datalist, Records
from monai_covid.data.splits import check_fraction, hold_out, stage3_patients, stage3_sections
from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.labels import LabelSet

logger = logging.getLogger(__name__)

Paths = Path | str | Sequence[Path | str] | None

STAGE2_SECTIONS = ("training", "validation", "test")
STAGE3_SECTIONS = (*STAGE2_SECTIONS, "all")


def stage2_datalist(
    dataset_dir: Path | str,
    section: str,
    *,
    labels: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    uncertain: Policy = "ignore",
    blank: Policy = "zeros",
    validation_fraction: float = 0.1,
    seed: int = 0,
    exclude_manifests: Paths = (),
    exclude_fold: int | None = None,
    exclude_validation_fraction: float | None = None,
    limit: int | None = None,
) -> Datalist:
    """Return a section of ChestX-ray14, or of another collection, for stage 2.

    The official test list is the test section; of another collection it is what its column or its
    folders called ``split`` say. All else is divided by patient into training and validation, see
    :func:`monai_covid.data.splits.hold_out`.

    Args:
        dataset_dir: Folder or CSV file of any layout, see
            :func:`monai_covid.data.collections.reading.read_collection`.
        section: training, validation or test.
        labels: The ``C`` outputs; None: what the collection has.
        patient_pattern: Tells the patient from an image's name, where no column does.
        uncertain: What a label of -1 counts as: zeros, ones or ignore.
        blank: What an empty cell counts as, where labels are columns.
        validation_fraction: Part of the train_val patients that is held out, between 0 and 1.
        seed: For the hold-out and ``limit``.
        exclude_manifests: Manifests of stage 3 (one or several); their patients are left out.
        exclude_fold: Leave out the patients of this fold of theirs alone, see
            :func:`monai_covid.data.splits.stage3_patients`.
        exclude_validation_fraction: With ``exclude_fold``: leave out too whom stage 3 holds out for
            validation at this fraction and the same seed.
        limit: Take a class-balanced subset of so many images, for quick trials.

    Returns:
        Items with ``image`` (absolute path), ``label`` (list of ``C`` floats, NaN where it is not
        known), ``patient_id``, ``name`` (as in the CSV), and ``view``, ``sex``, ``age`` (str) where
        the CSV has them.

    Raises:
        ValueError: An argument is out of range.
        InputError: The data have problems or the section is empty.
    """
    _check_section(section, STAGE2_SECTIONS)
    check_fraction(validation_fraction)
    records = read_collection(
        dataset_dir, labels, patient_pattern=patient_pattern, uncertain=uncertain, blank=blank
    )
    excluded = stage3_patients(
        as_paths(exclude_manifests), exclude_fold, exclude_validation_fraction, seed
    )
    records = drop_patients(records, excluded).records
    records = records.select(_is_test(records) == (section == "test"))
    if section != "test":
        held = hold_out(records.patients, records.targets, validation_fraction, seed)
        records = records.select(held == (section == "validation"))
    return _finished(records, records.multi_label_datalist(), section, limit, seed)


def _is_test(records: Records) -> NDArray[np.bool_]:
    if "split" not in records.frame:
        return np.zeros(len(records), dtype=bool)
    return np.asarray(records.frame["split"] == "test")


def stage3_datalist(
    manifest: Path | str,
    section: str,
    *,
    labels: LabelSet | Sequence[str] | None = None,
    fold: int = 0,
    folds: int = 5,
    hold_out_by: str | None = None,
    validation_fraction: float = 0.15,
    seed: int = 0,
    image_dir: Path | str | None = None,
    patient_pattern: str | None = None,
    uncertain: Policy = "ignore",
    blank: Policy = "zeros",
    extra_manifests: Paths = (),
    leave_out_sources: Sequence[str] = (),
    leave_out_images: Paths = (),
    limit: int | None = None,
) -> Datalist:
    """Return a section of a manifest for stage 3.

    The test section is one fold: of the column ``fold`` if the manifest has it, else of stratified
    folds by patient. Of the other folds, a stratified part of the patients is for validation and
    the rest for training. Section "all" is the three together.

    Args:
        manifest: CSV file, or folder, of any layout with one class an image; see
            :func:`monai_covid.data.collections.reading.read_collection`.
        section: training, validation, test or all.
        labels: The classes, mutually exclusive unless it is a label set that says otherwise; their
            positions are the class indices. None: what the manifest has.
        fold: Fold for testing.
        folds: Number of folds to make if the manifest has none; not used otherwise.
        hold_out_by: Column that names the hospital of each image, such as ``source``: the folds are
            the hospitals by name, see :mod:`monai_covid.data.hospitals`. None: folds of patients.
        validation_fraction: Part of the patients of the other folds, between 0 and 1.
        seed: For folds, hold-out and ``limit``.
        image_dir: Folder of the manifest's images, if not beside it; not for extra manifests.
        patient_pattern: Regular expression with the group ``patient`` that tells the patient from
            an image's name, where no column does.
        uncertain: What a label of -1 counts as: zeros, ones or ignore.
        blank: What an empty cell counts as, where labels are columns.
        extra_manifests: Manifests (one or several) whose images are added to training only.
            Patients that also occur in ``manifest`` are left out, and folds are ignored.
        leave_out_sources: Values of the column ``source`` whose images are neither trained on nor
            validated on; the test section stays as it is, and so does who is held out.
        leave_out_images: CSV files (one or several) that name further images to leave out likewise,
            see :func:`monai_covid.data.leave_out.leave_out`.
        limit: Take a class-balanced subset of so many images, for quick trials.

    Returns:
        Items with ``image`` (absolute path), ``label`` (class index; of labels that can hold at
        once a list of floats, NaN where it is not known), ``patient_id``, ``name`` (as
        in the CSV), and ``view``, ``sex``, ``age``, ``source`` (str) where a manifest has them.

    Raises:
        ValueError: An argument is out of range.
        InputError: The data have problems, the section is empty or training lacks a class.
        OptionError: A source to leave out does not exist, or a hospital cannot be held out.
    """
    _check_section(section, STAGE3_SECTIONS)
    check_fraction(validation_fraction)
    records = read_collection(
        manifest,
        labels.names if isinstance(labels, LabelSet) else labels,
        image_dir=image_dir,
        patient_pattern=patient_pattern,
        uncertain=uncertain,
        blank=blank,
    )
    exclusive = labels.exclusive if isinstance(labels, LabelSet) else True
    if exclusive:
        _check_exclusive(records)
    sections = stage3_sections(
        records, fold, folds, validation_fraction, seed, hold_out_by=hold_out_by
    )
    exclusions = LeaveOut(leave_out_sources, as_paths(leave_out_images))
    trains = section in ("training", "all")
    extra = extra_records(as_paths(extra_manifests), records) if trains or any(exclusions) else []
    if hold_out_by is not None:
        hospital = held_out_hospital(records, hold_out_by, fold)
        extra = [without_hospital(more, hold_out_by, hospital) for more in extra]
    keep, extra = leave_out(RunImages(records, sections, extra), exclusions)
    wanted = sections == section if section != "all" else sections != UNUSED
    chosen = records.select(wanted & keep)
    items = chosen.single_label_datalist() if exclusive else chosen.multi_label_datalist()
    if trains:
        items = with_extra_records(items, extra)
    return _finished(records, items, section, limit, seed)


def _check_exclusive(records: Records) -> None:
    """Refuse images with several labels or none, of which no class index can be made."""
    if not records.exclusive:
        several = records.targets.sum(axis=1) != 1
        several |= False if records.known is None else ~records.known.all(axis=1)
        row = int(np.argmax(several))
        carried = [
            name for name, has in zip(records.labels, records.targets[row], strict=True) if has
        ]
        message = (
            f"{several.sum()} images do not have exactly one class, the first is "
            f"{records.frame['image'].iloc[row]!r} with {', '.join(carried) or 'none'}; stage 3 "
            "takes one class an image"
        )
        raise InputError([Problem(records.file, None, message)])


def _check_section(section: str, sections: Sequence[str]) -> None:
    if section not in sections:
        raise OptionError(f"section must be one of {', '.join(sections)}, got {section!r}")


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
            "%s: no training image of %s; the network cannot learn to find it",
            *(records.file, ", ".join(absent)),
        )


def datalist_hash(*datalists: Sequence[Mapping[str, Any]]) -> str:
    """Return a short hash of the images' names, patients and labels, wherever the files lie."""
    digest = hashlib.sha256()
    for datalist in datalists:
        for item in datalist:
            digest.update(repr((item["name"], item["patient_id"], item["label"])).encode())
        digest.update(b"|")
    return digest.hexdigest()[:16]
