"""A report by group: the metrics in each hospital, sex, age group and the like.

Every group has 95 % intervals of its own, from resamples of its patients. They describe the groups;
whether two of them differ is a question for ``monai-covid audit groups``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.unknown_patients import unknown_patients_note
from monai_covid.errors import OptionError
from monai_covid.evaluation.columns import (
    IMAGE,
    LABEL,
    PATIENT,
    PREDICTION,
    PROBABILITY_PREFIX,
    TARGET_PREFIX,
)
from monai_covid.evaluation.hospitals.presentation import hospital_sections, write_hospitals_json
from monai_covid.evaluation.hospitals.report import HospitalReport
from monai_covid.evaluation.labelled import NO_ANSWER, LabelledPredictions
from monai_covid.evaluation.pages.page import Section, write_page
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.report import EvaluationReport, MetricRow, evaluate_table
from monai_covid.evaluation.report_folder import METRICS_JSON, whole_folder, write_report_files
from monai_covid.evaluation.report_text import (
    align,
    interval_json,
    metrics_frame,
    report_json,
    strict_json,
)
from monai_covid.evaluation.wording import (
    METRIC_NAMES,
    counted,
    sample_size,
    value_with_interval,
)
from monai_covid.labels import display_name

GROUPS_CSV, GROUPS_JSON, UNANSWERED_CSV = "groups.csv", "groups.json", "no_answer.csv"

MOST_GROUPS = 20
"""More groups make no table that anyone reads, and come from columns such as a date."""

METHOD = (
    "95 % intervals from resamples of each group's patients. They describe the groups; "
    "`monai-covid audit groups` tests whether groups differ."
)


@dataclass(frozen=True)
class Group:
    """The images of one group.

    Attributes:
        column: What the images are grouped by, such as ``sex``.
        name: The group, such as ``F``.
        report: Its metrics; None where no image has probabilities.
        no_answer: Images without probabilities.
    """

    column: str
    name: str
    report: EvaluationReport | None
    no_answer: int

    @property
    def headline(self) -> MetricRow | None:
        """The metric that stands for the group."""
        return None if self.report is None else self.report.row(headline(self.report))

    @property
    def missing(self) -> tuple[str, ...]:
        """Classes that no image of the group has."""
        if self.report is None:
            return ()
        counts = zip(self.report.class_names, self.report.outcomes.support, strict=True)
        return tuple(name for name, count in counts if count == 0)


def headline(report: EvaluationReport) -> str:
    """Return the metric to name first."""
    return "macro_auc" if report.multi_label else "balanced_accuracy"


def check_columns(labelled: LabelledPredictions, columns: Sequence[str]) -> None:
    """Refuse columns that do not divide the images into groups.

    Raises:
        OptionError: Naming them, and the columns that there are.
    """
    taken = {IMAGE, PATIENT, LABEL, PREDICTION}
    usable = [
        str(column)
        for column in labelled.table.columns
        if column not in taken and not str(column).startswith((PROBABILITY_PREFIX, TARGET_PREFIX))
    ]
    unknown = [column for column in columns if column not in usable]
    if unknown:
        raise OptionError(
            f"--by: no column {', '.join(unknown)}; there are {', '.join(usable) or 'none'}"
        )


def evaluate_groups(
    labelled: LabelledPredictions,
    report: EvaluationReport,
    columns: Sequence[str],
    group_of: Callable[[str, str], str],
    track: Callable[[Sequence[tuple[str, str]]], Iterable[tuple[str, str]]] = iter,
) -> list[Group]:
    """Compute every metric of each group, as ``report`` was computed of all images.

    Args:
        labelled: The predictions.
        report: Of all of them.
        columns: What to group by; columns of ``labelled.table``.
        group_of: Turns a column's name and the text of a cell into the name of a group.
        track: Wraps the list of groups, to show progress.

    Raises:
        OptionError: If a column is missing or has too many groups.
    """
    check_columns(labelled, columns)
    answered = {column: _names(labelled.table, column, group_of) for column in columns}
    unanswered = {column: _names(labelled.unanswered, column, group_of) for column in columns}
    todo = []
    for column in columns:
        names = sorted({*answered[column], *unanswered[column]})
        if len(names) > MOST_GROUPS:
            raise OptionError(
                f"--by {column}: {len(names)} groups, such as {', '.join(names[:3])}; at most "
                f"{MOST_GROUPS} are reported, so give a column with fewer"
            )
        todo += [(column, name) for name in names]
    groups = []
    for column, name in track(todo):
        rows = labelled.table[[group == name for group in answered[column]]]
        part = None
        if len(rows):
            part = evaluate_table(rows, report.class_names, report.resamples, report.seed)
        groups.append(Group(column, name, part, unanswered[column].count(name)))
    return groups


def _names(table: pd.DataFrame, column: str, group_of: Callable[[str, str], str]) -> list[str]:
    return [group_of(column, _text(cell)) for cell in table[column]]


def _text(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    # A column of whole numbers with gaps is read as one of floating-point numbers.
    return f"{cell:g}" if isinstance(cell, float) else str(cell).strip()


def findings(
    labelled: LabelledPredictions, report: EvaluationReport, groups: Sequence[Group]
) -> list[str]:
    """Return what matters most, a sentence each: all images, then each column."""
    size = sample_size(report.n_images, report.n_patients)
    columns = dict.fromkeys(group.column for group in groups)
    return [
        f"{_headline_text(report.row(headline(report)))} in {size}.",
        *filter(None, [unknown_patients_note(report.patient_ids)]),
        *without_answer(labelled),
        *(_finding(column, _of(groups, column)) for column in columns),
    ]


def without_answer(labelled: LabelledPredictions) -> list[str]:
    """Return which images are not in the figures, a sentence each; none if all are."""
    sentences = []
    if len(labelled.unanswered):
        counts = labelled.unanswered[NO_ANSWER].value_counts()
        why = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
        images = counted(len(labelled.unanswered), "more image")
        sentences.append(f"{images} without an answer, not in the figures: {why}.")
    if labelled.unpredicted:
        sentences.append(f"{counted(labelled.unpredicted, 'labelled image')} without a prediction.")
    return sentences


def _of(groups: Sequence[Group], column: str) -> list[Group]:
    return [group for group in groups if group.column == column]


def _finding(column: str, groups: Sequence[Group]) -> str:
    whole = [
        (group.name, row)
        for group in groups
        for row in [group.headline]
        if row is not None and row.value is not None and not group.missing
    ]
    if len(whole) < 2:
        return (
            f"By {column}: not comparable, since fewer than two groups have images of all classes."
        )
    ordered = sorted(whole, key=lambda pair: pair[1].value or 0.0)
    (worst, low), (best, high) = ordered[0], ordered[-1]
    return (
        f"By {column}: {METRIC_NAMES[low.metric].lower()} from {value_with_interval(low)} in "
        f"{worst} to {value_with_interval(high)} in {best}."
    )


def _headline_text(row: MetricRow) -> str:
    return f"{METRIC_NAMES[row.metric]} {value_with_interval(row)}"


def groups_text(groups: Sequence[Group]) -> str:
    """Return a table for each column, for the console; empty without groups."""
    parts = []
    for column in dict.fromkeys(group.column for group in groups):
        rows: list[tuple[str, ...]] = [
            (column, "images", "patients", "no answer", "value (95 % interval)", "")
        ]
        rows += map(_text_row, _of(groups, column))
        parts.append("\n".join(align(rows)))
    return "\n\n".join([*parts, METHOD]) + "\n" if parts else ""


def _text_row(group: Group) -> tuple[str, ...]:
    row = group.headline
    if row is None:
        return group.name, "0", "0", f"{group.no_answer:,}", "", ""
    without = ", ".join(map(display_name, group.missing))
    note = f"no images of {without}" if without else ""
    sizes = (f"{row.n_images:,}", f"{row.n_patients:,}", f"{group.no_answer:,}")
    return group.name, *sizes, _headline_text(row), note


def groups_frame(groups: Sequence[Group]) -> pd.DataFrame:
    """Return one row per column, group, metric and class."""
    frames = [
        metrics_frame(group.report).assign(
            column=group.column, group=group.name, no_answer=group.no_answer
        )
        for group in groups
        if group.report is not None
    ]
    if not frames:
        return pd.DataFrame(columns=["column", "group", NO_ANSWER])
    table = pd.concat(frames, ignore_index=True)
    first = ["column", "group", NO_ANSWER]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def groups_json(report: EvaluationReport, groups: Sequence[Group]) -> dict[str, Any]:
    """Return the groups as plain values; metrics that are not defined are None."""
    by: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        metrics = [] if group.report is None else report_json(group.report)["metrics"]
        content = {"group": group.name, NO_ANSWER: group.no_answer, "metrics": metrics}
        by.setdefault(group.column, []).append(content)
    how = interval_json(report.resamples, report.seed)
    return {"notice": RESEARCH_USE_ONLY, "interval": how, "by": by}


def write_labelled_report(
    folder: Path,
    labelled: LabelledPredictions,
    report: EvaluationReport,
    groups: Sequence[Group],
    hospitals: tuple[HospitalReport, HospitalReport] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write the files of ``write_report``, a page, and what there is of groups and missing answers.

    Further files: ``index.html``; ``groups.csv`` and ``groups.json`` where there are groups;
    ``hospitals.json`` where there are ``hospitals``, patients and images weighing the same;
    ``no_answer.csv`` where images have no probabilities. The folder appears when all are written.

    Raises:
        FileExistsError: If something is there that may not be replaced.
    """
    with whole_folder(folder, METRICS_JSON, overwrite=overwrite) as temporary:
        notes = (*without_answer(labelled), *report.notes)
        write_report_files(replace(report, notes=notes), temporary)
        if groups:
            table = groups_frame(groups)
            table.to_csv(temporary / GROUPS_CSV, index=False, lineterminator="\n")
            content = strict_json(groups_json(report, groups))
            (temporary / GROUPS_JSON).write_text(content, encoding="utf-8")
        if len(labelled.unanswered):
            labelled.unanswered.to_csv(temporary / UNANSWERED_CSV, index=False, lineterminator="\n")
        lead = "\n\n".join(findings(labelled, report, groups))
        sections = _sections(groups)
        if hospitals is not None:
            write_hospitals_json(temporary, *hospitals)
            sections = [*hospital_sections(hospitals[0]), *sections]
        write_page(temporary, "Evaluation", lead=lead, sections=sections)


def _sections(groups: Sequence[Group]) -> list[Section]:
    sections = []
    for column in dict.fromkeys(group.column for group in groups):
        own = _of(groups, column)
        table = Table(
            (column, "Images", "Patients", "No answer", *_heads(own)), list(map(_row, own))
        )
        sections.append(Section(f"By {column}", _finding(column, own), table=table, method=METHOD))
    return sections


def _heads(groups: Sequence[Group]) -> list[str]:
    report = next((group.report for group in groups if group.report is not None), None)
    if report is None:
        return []
    names = [f"{_class_metric(report)[1]}, {display_name(name)}" for name in report.class_names]
    return [METRIC_NAMES[headline(report)], *names]


def _class_metric(report: EvaluationReport) -> tuple[str, str]:
    return ("auc", "AUC") if report.multi_label else ("recall", "Sensitivity")


def _row(group: Group) -> tuple[str, Sequence[Value | str]]:
    report, row = group.report, group.headline
    if report is None or row is None:
        return group.name, ["0", "0", f"{group.no_answer:,}"]
    metric = _class_metric(report)[0]
    rows = [row, *(report.row(metric, name) for name in report.class_names)]
    sizes = [f"{row.n_images:,}", f"{row.n_patients:,}", f"{group.no_answer:,}"]
    return group.name, [*sizes, *(Value(row.value, row.low, row.high) for row in rows)]
