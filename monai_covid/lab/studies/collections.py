"""The collections that a study is run on, and an external set that none of its networks has seen.

Of the external set, pneumonia and normal come from patients of ChestX-ray14 outside the collection,
COVID-19 from another collection of COVID-19 images. Half of those patients of ChestX-ray14,
always the same, are kept for testing and left out of stage 2; the other half stays for training.
This tests on other patients; pneumonia and normal are from the same source as those of a collection
that took them from ChestX-ray14 too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.datalists import stage3_datalist
from monai_covid.data.files import atomic_path
from monai_covid.data.folders import manifest_file
from monai_covid.data.nih import read_nih, with_stage3_labels
from monai_covid.data.patients import NAME_COLUMNS, drop_patients, patients_in
from monai_covid.data.records import Datalist, Records
from monai_covid.data.splits import hold_out
from monai_covid.errors import OptionError
from monai_covid.lab.studies.definition import EXTERNAL, EXTRA, STAGE2_START, Run, Study
from monai_covid.labels import COVID_LABELS, LabelSet
from monai_covid.training.classes import run_labels
from monai_covid.training.cross_validation import folds_of

TEST_FRACTION, SEED = 0.5, 0
"""Part of the patients of ChestX-ray14 outside the collection that are kept for testing."""


@dataclass(frozen=True)
class Collections:
    """Where the images lie.

    Attributes:
        covid: Manifest of stage 3, or the folder that holds its ``metadata.csv``.
        nih: Folder in the ChestX-ray14 layout; None if there is none.
        extra: Manifest of further images; None if there is none.
        classes: Label set as the option ``classes`` of stage 3; None: what the collection has.
    """

    covid: Path
    nih: Path | None = None
    extra: Path | None = None
    classes: str | None = None

    @property
    def manifest(self) -> Path:
        """The manifest of stage 3."""
        return manifest_file(self.covid)

    @cached_property
    def records(self) -> Records:
        """All images of stage 3."""
        names = None if self.label_set is None else self.label_set.names
        return read_collection(self.manifest, names, least_patients=1)

    @cached_property
    def label_set(self) -> LabelSet | None:
        """The label set that was asked for; None: what the collection has."""
        return None if self.classes is None else run_labels(self.classes)

    def extra_manifests(self, names: Sequence[str]) -> list[str]:
        """Return the manifests that ``names`` stand for; ``extra`` is the collection of that name.

        Raises:
            OptionError: If that collection is needed and was not given.
        """
        return [str(self._extra()) if name == EXTRA else name for name in names]

    def _extra(self) -> Path:
        if self.extra is None:
            raise OptionError("extra_manifests: extra stands for the folder given with --extra")
        return manifest_file(self.extra)


def missing_collections(study: Study, data: Collections) -> list[str]:
    """Return what the study needs and was not given, one text a collection."""
    missing = []
    with_stage2 = [arm.name for arm in study.arms if arm.start.kind == STAGE2_START]
    if with_stage2 and data.nih is None:
        missing.append(f"--nih is needed by the stage 2 of {', '.join(with_stage2)}")
    with_stage1 = [arm.name for arm in study.arms if arm.stage1 is not None]
    if set(with_stage1) - set(with_stage2) and data.nih is None:
        missing.append(f"--nih is needed by the stage 1 of {', '.join(with_stage1)}")
    with_extra = [
        arm.name
        for arm in study.arms
        if EXTRA in (study.options_of(arm).get("extra_manifests") or [])
    ]
    if with_extra and data.extra is None:
        missing.append(f"--extra is needed by {', '.join(with_extra)}")
    if EXTERNAL in study.extra_evaluations and data.nih is None:
        missing.append("--nih is needed by the extra evaluation 'external'")
    return missing + _label_problems(study, data)


def _label_problems(study: Study, data: Collections) -> list[str]:
    several = "classes that can hold at once cannot be studied; a study takes one an image"
    if data.label_set is not None and not data.label_set.exclusive:
        return [several]
    records = data.records
    if not records.exclusive:
        return [several]
    if EXTERNAL in study.extra_evaluations and records.labels != COVID_LABELS:
        external, own = ", ".join(COVID_LABELS), ", ".join(records.labels)
        return [f"the extra evaluation 'external' is of {external}; the collection has {own}"]
    return []


def study_folds(study: Study, data: Collections) -> dict[int, str]:
    """Return number and name of each fold that a study can be run on.

    Raises:
        InputError: The collection cannot be read, or no hospital can be held out.
    """
    return folds_of(
        data.manifest,
        folds=study.options.get("folds", 5),
        hold_out_by=study.hold_out_by,
        after_stage2=study.has_earlier_stages,
    )


def external_items(nih: Path, collection: Records, covid_images: Path | None) -> Datalist:
    """Return the labelled images of the external set.

    Args:
        nih: Folder in the ChestX-ray14 layout.
        collection: All images of stage 3.
        covid_images: Manifest of COVID-19 images; None where the network was trained on them.
    """
    items = external_nih(nih, collection).single_label_datalist()
    if covid_images is not None:
        extra = read_collection(covid_images, COVID_LABELS)
        extra = drop_patients(extra, patients_in(collection.frame)).records
        items += extra.single_label_datalist()
    return items


def external_nih(nih: Path, collection: Records) -> Records:
    """Return the images of ChestX-ray14 that are kept for testing, labelled as in stage 3.

    Args:
        nih: Folder in the ChestX-ray14 layout.
        collection: All images of stage 3; their patients are left out.

    Returns:
        Images whose labels include pneumonia or are No Finding alone, of half of their patients.
    """
    outside = drop_patients(read_nih(nih), patients_in(collection.frame)).records
    chosen = with_stage3_labels(outside)
    held = hold_out(chosen.patients, chosen.targets, TEST_FRACTION, SEED)
    return chosen.select(held)


def write_excluded(study: Study, data: Collections, run: Run, target: Path, excludes: str) -> Path:
    """Write the list of patients that an earlier stage of a run leaves out.

    Args:
        study: The study; its external images are left out too.
        data: The collections.
        run: The run.
        target: CSV file to write.
        excludes: all (those of the whole collection) or fold (those that the run is tested and
            validated on: a stage that has seen the validation images would flatter the learning
            curve).
    """
    frame = data.records.frame
    if excludes == "fold":
        unseen = images_of(study, data, run, "test") | images_of(study, data, run, "validation")
        frame = frame[frame["image"].isin(unseen)]
    return _write_patients(study, data, frame, target)


def _write_patients(study: Study, data: Collections, frame: pd.DataFrame, target: Path) -> Path:
    columns = ["patient_id", *(name for name in NAME_COLUMNS if name in frame)]
    parts = [frame[columns]]
    if EXTERNAL in study.extra_evaluations and data.nih is not None:
        outside = external_nih(data.nih, data.records)
        parts.append(outside.frame[["image", "patient_id"]])
    with atomic_path(target) as temporary:
        pd.concat(parts).fillna("").to_csv(temporary, index=False, lineterminator="\n")
    return target


def images_of(study: Study, data: Collections, run: Run, section: str) -> set[str]:
    """Return the names of the images in a section of a run, without regard to ``limit``."""
    options = study.options_of(study.arm(run.arm))
    names = ("folds", "hold_out_by", "validation_fraction")
    split = {name: options[name] for name in names if name in options}
    items = stage3_datalist(
        data.manifest, section, labels=data.label_set, fold=run.fold, seed=run.seed, **split
    )
    return {item["name"] for item in items}
