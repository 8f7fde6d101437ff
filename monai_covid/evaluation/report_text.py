"""A report as text for the console, as a table and as strict JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.unknown_patients import unknown_patients_note
from monai_covid.evaluation.bootstrap import LEVEL
from monai_covid.evaluation.report import EvaluationReport, MetricRow
from monai_covid.evaluation.wording import counted, interval, metric_name, number, sample_size
from monai_covid.labels import DISPLAY_NAMES, display_name, display_names

NO_WIDTH = (
    "An interval of width 0 means that all resamples agree, as they must without errors; it does "
    "not mean certainty."
)
NAME_AND_VALUE_WIDTH = (26, 11)


def metrics_frame(report: EvaluationReport) -> pd.DataFrame:
    """Return one row per metric: metric, class, value, low, high, counts; empty where undefined."""
    return pd.DataFrame(_records(report.rows))


def confusion_frame(report: EvaluationReport) -> pd.DataFrame | None:
    """Return the counts with true classes as index and predicted ones as columns."""
    if report.confusion is None:
        return None
    index = pd.Index(report.class_names, name="true")
    return pd.DataFrame(report.confusion, index=index, columns=list(report.class_names))


def report_json(report: EvaluationReport) -> dict[str, Any]:
    """Return the report as plain values; metrics that are not defined are None."""
    result: dict[str, Any] = {
        "notice": RESEARCH_USE_ONLY,
        "task": "multi-label" if report.multi_label else "single-label",
        "class_names": list(report.class_names),
        DISPLAY_NAMES: display_names(report.class_names),
        "n_images": report.n_images,
        "n_patients": report.n_patients,
        "interval": interval_json(report.resamples, report.seed, report.stratified),
        "remarks": remarks(report),
        "metrics": _records(report.rows),
    }
    if report.confusion is not None:
        result["confusion_matrix"] = {
            "rows": "true class",
            "columns": "predicted class",
            "counts": report.confusion.tolist(),
        }
    return result


def interval_json(resamples: int, seed: int, stratified: bool = False) -> dict[str, Any]:
    """Return how the intervals were made, as plain values."""
    return {
        "method": "percentile bootstrap over patients",
        "level": LEVEL,
        "resamples": resamples,
        "seed": seed,
        "stratified_by_class": stratified,
    }


def strict_json(content: dict[str, Any]) -> str:
    """Return JSON without NaN or Infinity literals, indented, ending in a newline.

    Raises:
        ValueError: If ``content`` has a NaN or infinite number.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_text(report: EvaluationReport) -> str:
    """Return the metrics as an aligned table with the notice, for the console."""
    lines = [f"{sample_size(report.n_images, report.n_patients)}; value and 95 % interval", ""]
    lines += _lines([row for row in report.rows if row.label is None])
    for name in report.class_names:
        of_class = [row for row in report.rows if row.label == name]
        share = f"{of_class[0].support:,} of {counted(report.n_images, 'image')}"
        lines += ["", f"{display_name(name)}: {share}", *_lines(of_class, "  ")]
    return "\n".join([*lines, "", *remarks(report), "", RESEARCH_USE_ONLY]) + "\n"


def remarks(report: EvaluationReport) -> list[str]:
    """Return how predictions and intervals were made and which of them rest on fewer resamples."""
    how = "drawn within classes" if report.stratified else "drawn with replacement"
    first = f"Intervals: percentile bootstrap, {report.resamples:,} resamples of patients {how}."
    few = [row for row in report.rows if row.value is not None and _lost(row, report)]
    names = [f"{metric_name(row.metric, row.label)} ({row.resamples_used:,})" for row in few]
    lines = [*report.notes, first]
    unknown = unknown_patients_note(report.patient_ids)
    if unknown:
        lines.append(unknown)
    if names:
        lines.append(f"Defined in fewer resamples (number): {'; '.join(names)}.")
    if any(row.low is not None and row.low == row.high for row in report.rows):
        lines.append(NO_WIDTH)
    return lines


def align(rows: Sequence[Sequence[str]], least: Sequence[int] = ()) -> list[str]:
    """Return rows of cells as lines with left-aligned columns.

    Args:
        rows: Cells; every row has the same number.
        least: Minimum widths of the first columns, so that several tables line up.
    """
    minimum = [*least, *[0] * len(rows[0])] if rows else []
    cells = zip(*rows, strict=True)
    widths = [
        max([width, *map(len, column)]) for width, column in zip(minimum, cells, strict=False)
    ]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _lines(rows: Sequence[MetricRow], indent: str = "") -> list[str]:
    cells = [
        (indent + metric_name(row.metric), number(row.value), interval(row.low, row.high))
        for row in rows
    ]
    return align(cells, NAME_AND_VALUE_WIDTH)


def _lost(row: MetricRow, report: EvaluationReport) -> bool:
    return row.resamples_used < report.resamples


def _records(rows: Sequence[MetricRow]) -> list[dict[str, Any]]:
    # "class" is what readers of the files expect, but Python reserves the word.
    return [
        {"class" if key == "label" else key: value for key, value in asdict(row).items()}
        for row in rows
    ]
