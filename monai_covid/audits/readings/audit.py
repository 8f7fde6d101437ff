"""The audit of agreement with readers: whether the model ranks images as readers do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from monai_covid.audits.finding import AuditFinding, combine_verdicts
from monai_covid.audits.readings.picture import draw_readings
from monai_covid.audits.readings.wording import (
    POOR,
    RULE,
    judge,
    label_table,
    measure_table,
    summary_of,
)
from monai_covid.audits.subject import Subject
from monai_covid.data.readings import views_of
from monai_covid.evaluation.columns import IMAGE
from monai_covid.evaluation.pages.page import Picture, Section
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.readings import ReadingComparison, compare_with_readings
from monai_covid.labels import display_name


def audit(subject: Subject) -> AuditFinding:
    """Compare the model's probabilities with what readers saw on the same images.

    Args:
        subject: With a model, and readings of some of its images.

    Raises:
        InputError: If images cannot be read.
    """
    readings = subject.readings
    if readings is None:
        raise ValueError("this audit needs readings")
    table = subject.predictions
    by_label = {str(label): _compare(subject, table, readings[label]) for label in readings}
    comparisons = [comparison for comparison in by_label.values() if comparison is not None]
    unread = [display_name(label) for label, comparison in by_label.items() if comparison is None]
    sentences = [summary_of(comparison) for comparison in comparisons]
    sentences += [f"{name}: none of these images was read." for name in unread]
    return AuditFinding(
        combine_verdicts(map(judge, comparisons)),
        " ".join(sentences),
        tuple(
            section
            for comparison in comparisons
            for section in _sections(subject, table, readings[comparison.label], comparison)
        ),
        {
            "poor": POOR,
            "readings_elsewhere": int((~readings.index.isin(table[IMAGE])).sum()),
            "classes": {comparison.label: _content(comparison) for comparison in comparisons},
        },
    )


def _compare(
    subject: Subject, table: pd.DataFrame, seen: pd.Series[float]
) -> ReadingComparison | None:
    options = subject.options
    views = views_of(subject.records)
    return compare_with_readings(
        [table], seen, views, resamples=options.resamples, seed=options.seed
    )


def _sections(
    subject: Subject, table: pd.DataFrame, seen: pd.Series[float], comparison: ReadingComparison
) -> list[Section]:
    name = display_name(comparison.label)
    path = subject.folder / f"{comparison.label}.png"
    save_png(draw_readings(table, seen, views_of(subject.records), comparison), path)
    caption = "One dot an image. Compare images with and without the finding, in pairs of rows."
    return [
        Section(
            f"{name}: model, readers, labels",
            pictures=[Picture(path, caption)],
            table=measure_table(comparison),
            method=RULE,
        ),
        Section(f"{name}: readings by label", table=label_table(comparison)),
    ]


def _content(comparison: ReadingComparison) -> dict[str, Any]:
    return {
        "verdict": judge(comparison).value,
        "images": comparison.images,
        "patients": comparison.patients,
        "fewest_patients": comparison.fewest,
        "heeds_views": comparison.heeds_views,
        **{name: value._asdict() for name, value in comparison.values.items()},
        "labels": {
            read.label: {**read._asdict(), "auc": read.auc._asdict()} for read in comparison.labels
        },
    }
