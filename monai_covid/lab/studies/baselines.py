"""What trivial cues predict on the same folds, for comparison with the networks.

What the networks of an arm say beside what readers saw on the same test images.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.audits.shortcuts.cues import CUES, measure_cues
from monai_covid.audits.shortcuts.learning import folds_of, out_of_fold
from monai_covid.data.files import atomic_path
from monai_covid.evaluation.predictions import multiclass_table, read_predictions, write_predictions
from monai_covid.evaluation.readings import ReadingComparison, compare_with_readings
from monai_covid.lab.studies.collections import Collections
from monai_covid.lab.studies.definition import Study
from monai_covid.lab.studies.layout import Layout
from monai_covid.lab.studies.scores import pooled_scores
from monai_covid.labels import COVID_LABELS

FOLD = "fold"


def write_baselines(study: Study, data: Collections, layout: Layout) -> None:
    """Write the predictions of the study's cues for all images, unless they are there.

    Each is learned in cross-validation over the collection's folds.

    Raises:
        InputError: If images cannot be read.
    """
    missing = [name for name in study.baselines if not layout.baseline(name).is_file()]
    if not missing:
        return
    records = data.records
    folds = folds_of(records, study.seeds[0])
    features = measure_cues(records)
    names, patients = records.frame["image"].tolist(), records.patients.tolist()
    for name in (name for name in missing if name in features):
        found = out_of_fold(CUES[name], features[name], records, folds, study.seeds[0])
        table = multiclass_table(names, patients, records.classes, found, records.labels)
        write_predictions(table.assign(**{FOLD: folds.astype(int)}), layout.baseline(name))


def baseline_scores(study: Study, layout: Layout, resamples: int) -> dict[str, Any]:
    """Return the measures of each cue on the study's folds; see ``scores.pooled_scores``."""
    found = {}
    for name in study.baselines:
        if layout.baseline(name).is_file():
            table = _of_folds(layout.baseline(name), study.folds)
            found[name] = pooled_scores([table], resamples)
    return found


def _of_folds(path: Path, folds: tuple[int, ...]) -> pd.DataFrame:
    table = read_predictions(path, COVID_LABELS)
    return table[table[FOLD].astype(int).isin(folds)].reset_index(drop=True)


def kept_readings(given: Path | None, layout: Layout) -> Path | None:
    """Keep readings with the study, so that later calls know them.

    Args:
        given: CSV of readings; None for those that are kept.
        layout: Where the files of the study lie.

    Returns:
        The kept file; None if there is none.
    """
    if given is not None:
        with atomic_path(layout.readings) as temporary:
            shutil.copyfile(given, temporary)
    return layout.readings if layout.readings.is_file() else None


def beside_readings(
    arm: str,
    files: Sequence[Sequence[Path]],
    readings: pd.DataFrame,
    views: pd.Series[str] | None,
    resamples: int,
) -> list[dict[str, Any]]:
    """Return measures with intervals over patients; see ``evaluation.readings``.

    Args:
        arm: Name of the arm.
        files: Predictions of all folds of each seed.
        readings: What was seen, see ``data.readings``.
        views: View of each image, if it is known.
        resamples: Bootstrap resamples.

    Returns:
        For each class of which test images were read: ``arm``, ``class``, ``images``, ``patients``,
        ``heeds_views``, the measures of ``ReadingComparison`` with ``value``, ``low`` and ``high``,
        and ``labels``: images read, and those on which the finding was seen, by the label they
        came with.
    """
    tables = [
        pd.concat([read_predictions(file, COVID_LABELS) for file in parts], ignore_index=True)
        for parts in files
    ]
    found = [
        compare_with_readings(tables, readings[label], views, resamples=resamples)
        for label in readings
    ]
    return [_content(arm, one) for one in found if one is not None]


def _content(arm: str, one: ReadingComparison) -> dict[str, Any]:
    return {
        "arm": arm,
        "class": one.label,
        "images": one.images,
        "patients": one.patients,
        "heeds_views": one.heeds_views,
        **{name: value._asdict() for name, value in one.values.items()},
        "labels": {each.label: {"images": each.images, "seen": each.seen} for each in one.labels},
    }
