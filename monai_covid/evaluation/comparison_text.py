"""A comparison as text, table and plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.comparison import Comparison, Difference
from monai_covid.evaluation.report_text import align, interval_json
from monai_covid.evaluation.wording import NOT_DEFINED, metric_name, number, sample_size


def comparison_frame(comparison: Comparison) -> pd.DataFrame:
    """Return one row per metric: both values, difference, interval and p-value."""
    return pd.DataFrame(_records(comparison))


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values; what is not defined is None."""
    mcnemar = comparison.mcnemar
    return {
        "notice": RESEARCH_USE_ONLY,
        "n_images": comparison.n_images,
        "n_patients": comparison.n_patients,
        "interval": interval_json(comparison.resamples, comparison.seed),
        "difference": "second minus first",
        "metrics": _records(comparison),
        "mcnemar": None if mcnemar is None else asdict(mcnemar),
    }


def comparison_text(
    comparison: Comparison, first_name: str = "First", second_name: str = "Second"
) -> str:
    """Return an aligned table for the console, with the notice."""
    header = ("Metric", first_name, second_name, "Difference (95 % interval)", "p")
    rows = [_cells(difference) for difference in comparison.differences]
    lines = [sample_size(comparison.n_images, comparison.n_patients), "", *align([header, *rows])]
    mcnemar = comparison.mcnemar
    if mcnemar is not None:
        counts = f"{mcnemar.only_first_right:,} and {mcnemar.only_second_right:,}"
        lines += ["", f"Images that only one got right: {counts}; exact McNemar p"]
        lines[-1] += f" {_sign(mcnemar.p_value)}"
    how = f"Intervals and p: paired bootstrap, {comparison.resamples:,} resamples of patients."
    return "\n".join([*lines, how, "", RESEARCH_USE_ONLY]) + "\n"


def p_value_text(p_value: float | None) -> str:
    """Return a p-value with three decimals, or that it is below 0.001."""
    if p_value is None:
        return "\N{EN DASH}"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _cells(row: Difference) -> tuple[str, ...]:
    difference = NOT_DEFINED if row.difference is None else f"{row.difference:+.3f}"
    if row.low is not None and row.high is not None:
        difference += f" ({row.low:+.3f} to {row.high:+.3f})"
    name = metric_name(row.metric, row.label)
    return name, number(row.first), number(row.second), difference, p_value_text(row.p_value)


def _sign(p_value: float) -> str:
    text = p_value_text(p_value)
    return text if text.startswith("<") else f"= {text}"


def _records(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"class" if key == "label" else key: value for key, value in asdict(row).items()}
        for row in comparison.differences
    ]
