"""The audit of subgroup performance: by source, view, sex, age group and class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from monai_covid.audits.finding import AuditFinding
from monai_covid.audits.groups.attributes import LEAST_PATIENTS, attributes_of
from monai_covid.audits.groups.comparison import (
    LEAST_DIFFERENCE,
    LEVEL,
    GroupComparison,
    Images,
    compare_groups,
)
from monai_covid.audits.groups.performance import (
    GroupPerformance,
    group_performances,
    single_label_outcomes,
)
from monai_covid.audits.groups.pictures import draw_pictures
from monai_covid.audits.groups.tables import (
    MEASURE,
    TEST,
    comparison_table,
    performance_table,
    summary_of,
    verdict_of,
)
from monai_covid.audits.subject import Subject
from monai_covid.evaluation.pages.page import Section
from monai_covid.evaluation.report_text import NO_WIDTH

ABOUT_GROUPS = (
    f"Below each value its 95 % interval over patients. Small: classes with fewer than "
    f"{LEAST_PATIENTS} patients in the group, whose sensitivity is imprecise and is not tested. "
    + NO_WIDTH
)


def audit(subject: Subject) -> AuditFinding:
    """Test whether the model performs equally well in all groups.

    Args:
        subject: With a model; its images carry any of ``source``, ``view``, ``sex`` and ``age``.

    Raises:
        InputError: If an age cannot be read.
    """
    attributes = attributes_of(subject.unseen)
    table, labels, options = subject.predictions, subject.records.labels, subject.options
    groups = group_performances(table, labels, attributes, options.resamples, options.seed)
    outcomes = single_label_outcomes(table, labels)
    patients = [str(patient) for patient in subject.unseen.patients]
    images = Images(outcomes, patients, options.resamples, options.seed)
    comparisons = compare_groups(images, attributes)
    return AuditFinding(
        verdict_of(comparisons),
        summary_of(comparisons),
        tuple(_sections(subject, groups, comparisons)),
        _content(groups, comparisons),
    )


def _sections(
    subject: Subject,
    groups: Sequence[GroupPerformance],
    comparisons: Sequence[GroupComparison],
) -> list[Section]:
    pictures = draw_pictures(groups, comparisons, subject.folder)
    sections = []
    if comparisons:
        table, method = comparison_table(comparisons), f"{MEASURE}\n\n{TEST}"
        sections.append(Section("Groups compared", "", pictures, table, method=method))
    for attribute, of_attribute in groupby(groups, key=lambda group: group.attribute):
        members = list(of_attribute)
        text = ""
        if len(members) == 1:
            text = f"All images have the same {attribute}, so there is nothing to compare."
        table = performance_table(members)
        sections.append(Section(f"By {attribute}", text, table=table, method=ABOUT_GROUPS))
    return sections


def _content(
    groups: Sequence[GroupPerformance], comparisons: Sequence[GroupComparison]
) -> dict[str, Any]:
    return {
        "level": LEVEL,
        "least_difference": LEAST_DIFFERENCE,
        "least_patients": LEAST_PATIENTS,
        "groups": [_group_content(group) for group in groups],
        "comparisons": [_comparison_content(comparison) for comparison in comparisons],
    }


def _group_content(group: GroupPerformance) -> dict[str, Any]:
    return {
        "attribute": group.attribute,
        "group": group.group,
        "images": group.images,
        "patients": group.patients,
        "patients_of": group.patients_of,
        "small": list(group.small),
        **{metric: value._asdict() for metric, value in group.values.items()},
        "sensitivity": {label: value._asdict() for label, value in group.sensitivities.items()},
    }


def _comparison_content(comparison: GroupComparison) -> dict[str, Any]:
    tested = comparison.tested
    content: dict[str, Any] = {
        "attribute": comparison.attribute,
        "group": comparison.group,
        "shared_classes": list(comparison.shared),
        "compared_classes": list(comparison.compared),
        "tested": tested is not None,
    }
    if tested is None:
        return content
    return {
        **content,
        "class_standardised_accuracy": tested.own,
        "all_others": tested.others,
        "difference": tested.difference._asdict(),
        "noticeable": tested.noticeable,
        "tests": [
            {
                "quantity": difference.quantity,
                "difference": difference.value,
                "corrected_p": difference.p_value,
                "fault": difference.is_problem,
            }
            for difference in tested.differences
        ],
    }
