"""The audit by readings."""

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
    """Ask whether the model tells the labels by what readers see.

    Args:
        subject: With a model, and readings of some of its images.

    Raises:
        InputError: If images cannot be read.
    """
    readings = subject.readings
    if readings is None:
        raise ValueError("this audit needs readings")
    table = subject.predictions
    found = [_compare(subject, table, readings[label]) for label in readings]
    comparisons = [one for one in found if one is not None]
    unread = [display_name(str(n)) for n, one in zip(readings, found, strict=True) if one is None]
    sentences = [summary_of(one) for one in comparisons]
    sentences += [f"{name}: none of these images was read." for name in unread]
    return AuditFinding(
        combine_verdicts(map(judge, comparisons)),
        " ".join(sentences),
        tuple(
            section
            for one in comparisons
            for section in _sections(subject, table, readings[one.label], one)
        ),
        {
            "poor": POOR,
            "readings_elsewhere": int((~readings.index.isin(table[IMAGE])).sum()),
            "classes": {one.label: _content(one) for one in comparisons},
        },
    )


def _compare(
    subject: Subject, table: pd.DataFrame, seen: pd.Series[float]
) -> ReadingComparison | None:
    options = subject.options
    views = views_of(subject.records)
    drawn = {"resamples": options.resamples, "seed": options.seed}
    return compare_with_readings([table], seen, views, **drawn)


def _sections(
    subject: Subject, table: pd.DataFrame, seen: pd.Series[float], one: ReadingComparison
) -> list[Section]:
    name = display_name(one.label)
    path = subject.folder / f"{one.label}.png"
    save_png(draw_readings(table, seen, views_of(subject.records), one), path)
    caption = "One dot an image. Compare what was seen with what was not, in pairs of rows."
    return [
        Section(
            f"Who tells {name}, and by what", RULE, [Picture(path, caption)], measure_table(one)
        ),
        Section(f"What readers saw: {name}", "", table=label_table(one)),
    ]


def _content(one: ReadingComparison) -> dict[str, Any]:
    return {
        "verdict": judge(one).value,
        "images": one.images,
        "patients": one.patients,
        "fewest_patients": one.fewest,
        "heeds_views": one.heeds_views,
        **{name: value._asdict() for name, value in one.values.items()},
        "labels": {
            each.label: {**each._asdict(), "auc": each.auc._asdict()} for each in one.labels
        },
    }
