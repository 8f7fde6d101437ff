"""What the networks of an arm say beside what readers saw on the same test images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.data.readings import read_readings, views_of
from monai_covid.data.records import Records
from monai_covid.evaluation import read_predictions
from monai_covid.evaluation.readings import ReadingComparison, compare_with_readings
from monai_covid.labels import COVID_LABELS


def beside_readings(
    arm: str, files: Sequence[Sequence[Path]], readings: Path, records: Records, resamples: int
) -> list[dict[str, Any]]:
    """Return measures with intervals over patients; see ``evaluation.readings``.

    Args:
        arm: Name of the arm.
        files: Predictions of all folds of each seed.
        readings: CSV of readings.
        records: The images of the collection, whose views are heeded.
        resamples: Bootstrap resamples.

    Returns:
        For each class of which test images were read: ``arm``, ``class``, ``images``, ``patients``,
        the measures of ``ReadingComparison`` with ``value``, ``low`` and ``high``, and ``labels``:
        images read, and those on which the finding was seen, by the label they came with.
    """
    tables = [
        pd.concat([read_predictions(file, COVID_LABELS) for file in parts], ignore_index=True)
        for parts in files
    ]
    seen = read_readings(readings, COVID_LABELS)
    views = views_of(records)
    found = [
        compare_with_readings(tables, seen[label], views, resamples=resamples) for label in seen
    ]
    return [_content(arm, one) for one in found if one is not None]


def _content(arm: str, one: ReadingComparison) -> dict[str, Any]:
    return {
        "arm": arm,
        "class": one.label,
        "images": one.images,
        "patients": one.patients,
        **{name: value._asdict() for name, value in one.values.items()},
        "labels": {each.label: {"images": each.images, "seen": each.seen} for each in one.labels},
    }
