"""The audit on external sets: numbers inside and outside side by side, with the drop."""

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
            "external": {one.name: _content(one) for one in comparisons},
        },
    )


def _compare(
    subject: Subject, inside: Measured, name: str, records: Records, seed: int
) -> ExternalComparison:
    """Compare one external collection, without the patients whom the model may have seen."""
    options, classes = subject.options, subject.records.labels
    # All folds count: those that the model was trained on above all.
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
    found = [Section("Class mixes", MIX, table=mix_table(inside, comparisons))]
    for place, one in enumerate(comparisons):
        if not one.metrics:
            found.append(Section(f"Outside: {one.name}", section_text(one)))
        else:
            path = subject.folder / f"external-{place + 1}-{_file_name(one.name)}.png"
            save_png(draw_pairs(one), path)
            caption = f"The same metrics inside and in {one.name}. * fewer than 10 patients."
            pictures = [Picture(path, caption)]
            table = difference_table(one)
            found.append(Section(f"Outside: {one.name}", section_text(one), pictures, table))
        text = "Share of the images of each class by what they are called."
        found.append(Section(f"What images are called: {one.name}", text, table=call_table(one)))
    return found


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)


def _mix(side: Measured) -> dict[str, int]:
    return dict(zip(side.outcomes.class_names, side.outcomes.support.tolist(), strict=True))


def _content(one: ExternalComparison) -> dict[str, Any]:
    return {
        "verdict": judge(one).value,
        "images": len(one.outside.patients) if one.outside else 0,
        "patients": one.outside.n_patients if one.outside else 0,
        "class_mix": _mix(one.outside) if one.outside else {},
        "left_out_images": one.left_out_images,
        "left_out_patients": one.left_out_patients,
        "shared_classes": list(one.shared),
        "metrics": [
            {
                "metric": metric.key.metric,
                "class": metric.key.label,
                "inside": metric.inside._asdict(),
                "outside": metric.outside._asdict(),
                "difference": metric.difference._asdict(),
                "fewest_patients": metric.patients,
            }
            for metric in one.metrics
        ],
    }
