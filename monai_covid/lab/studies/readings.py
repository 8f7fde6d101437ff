"""What the networks of an arm say beside what readers saw on the same test images."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.data.files import atomic_path
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.readings import ReadingComparison, compare_with_readings
from monai_covid.lab.studies.layout import Layout


def store_readings(given: Path | None, layout: Layout) -> Path | None:
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


def compare_arm_with_readings(
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
        pd.concat([read_predictions(file) for file in parts], ignore_index=True) for parts in files
    ]
    compared = [
        compare_with_readings(tables, readings[label], views, resamples=resamples)
        for label in readings
    ]
    return [_content(arm, comparison) for comparison in compared if comparison is not None]


def _content(arm: str, comparison: ReadingComparison) -> dict[str, Any]:
    return {
        "arm": arm,
        "class": comparison.label,
        "images": comparison.images,
        "patients": comparison.patients,
        "heeds_views": comparison.heeds_views,
        **{name: value._asdict() for name, value in comparison.values.items()},
        "labels": {
            row.label: {"images": row.images, "seen": row.seen} for row in comparison.labels
        },
    }
