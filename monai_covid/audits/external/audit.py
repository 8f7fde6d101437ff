"""The audit of external validation: performance inside and outside side by side, with the drop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from monai_covid.audits.external.comparison import (
    MARGIN,
    Draws,
    ExternalComparison,
    compared_metrics,
    judge,
    shared_classes,
)
from monai_covid.audits.external.pictures import draw_pairs
from monai_covid.audits.external.tables import (
    MIX,
    RULE,
    call_table,
    difference_table,
    mix_table,
    section_text,
    summary_of,
)
from monai_covid.audits.finding import AuditFinding, combine_verdicts
from monai_covid.audits.groups.performance import Measured, measured
from monai_covid.audits.subject import Subject
from monai_covid.data.patients import drop_patients, patients_in
from monai_covid.data.records import Records
from monai_covid.evaluation.pages.page import Picture, Section
from monai_covid.evaluation.plots.style import save_png


def audit(subject: Subject) -> AuditFinding:
    """Compare the images that the model was not trained on with every external collection.

    Args:
        subject: With a model and at least one external collection.

    Raises:
        InputError: If images cannot be read.
    """
    options = subject.options
    inside = measured(subject.predictions, subject.records.labels, options.resamples, options.seed)
    comparisons = [
        _compare(subject, inside, name, records, options.seed + 1 + place)
        for place, (name, records) in enumerate(subject.external.items())
    ]
    return AuditFinding(
        combine_verdicts(map(judge, comparisons)),
        " ".join(map(summary_of, comparisons)),
        tuple(_sections(subject, inside, comparisons)),
        {
            "margin": MARGIN,
            "class_mix": {"inside": _mix(inside)},
            "external": {comparison.name: _content(comparison) for comparison in comparisons},
        },
    )


def _compare(
    subject: Subject, inside: Measured, name: str, records: Records, seed: int
) -> ExternalComparison:
    """Compare one external collection, without the patients whom the model may have seen."""
    options, classes = subject.options, subject.records.labels
    # Patients of all folds: those that the model was trained on above all.
    rest = drop_patients(records, patients_in(subject.records.frame))
    left_out = {"left_out_images": rest.images, "left_out_patients": rest.patients}
    if not len(rest.records):
        return ExternalComparison(name, classes, (), inside, None, (), **left_out)
    table = subject.predict(rest.records)
    draws = Draws(options.resamples, options.seed, seed)
    return ExternalComparison(
        name,
        classes,
        shared_classes(subject.predictions, table, classes),
        inside,
        measured(table, classes, options.resamples, seed),
        compared_metrics(subject.predictions, table, classes, draws),
        **left_out,
    )


def _sections(
    subject: Subject, inside: Measured, comparisons: Sequence[ExternalComparison]
) -> list[Section]:
    sections = []
    for place, comparison in enumerate(comparisons):
        name = comparison.name
        section = Section(f"Outside: {name}", section_text(comparison))
        if comparison.metrics:
            path = subject.folder / f"external-{place + 1}-{_file_name(name)}.png"
            save_png(draw_pairs(comparison), path)
            caption = f"The same metrics inside and in {name}. * fewer than 10 patients."
            table = difference_table(comparison)
            section = section._replace(
                pictures=[Picture(path, caption)], table=table, method=f"{RULE} {MIX}"
            )
        text = "Share of the images of each class by predicted class."
        predicted = Section(f"Predictions: {name}", text, table=call_table(comparison))
        sections += [section, predicted]
    return [*sections, Section("Class mix", table=mix_table(inside, comparisons), method=MIX)]


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)


def _mix(side: Measured) -> dict[str, int]:
    return dict(zip(side.outcomes.class_names, side.outcomes.support.tolist(), strict=True))


def _content(comparison: ExternalComparison) -> dict[str, Any]:
    outside = comparison.outside
    return {
        "verdict": judge(comparison).value,
        "images": len(outside.patients) if outside else 0,
        "patients": outside.n_patients if outside else 0,
        "class_mix": _mix(outside) if outside else {},
        "left_out_images": comparison.left_out_images,
        "left_out_patients": comparison.left_out_patients,
        "shared_classes": list(comparison.shared),
        "metrics": [
            {
                "metric": metric.key.metric,
                "class": metric.key.label,
                "inside": metric.inside._asdict(),
                "outside": metric.outside._asdict(),
                "difference": metric.difference._asdict(),
                "fewest_patients": metric.patients,
            }
            for metric in comparison.metrics
        ],
    }
