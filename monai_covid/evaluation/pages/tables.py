"""Tables of values with their intervals, and those that a page makes of ``metrics.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from monai_covid.evaluation.wording import METRIC_NAMES
from monai_covid.labels import display_name

HEADLINES = ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1")


class Value(NamedTuple):
    """A cell: a value with the interval below it.

    Attributes:
        value: None where it is not defined.
        low: Lower bound; None where there is none.
        high: Upper bound; None where there is none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


class Table(NamedTuple):
    """A table of values.

    Attributes:
        heads: Of the first column, then of the others.
        rows: Name of each row, and its values or texts.
    """

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Value | str]]]


def headline_values(content: Mapping[str, Any]) -> dict[str, Value]:
    """Return the metrics of the whole table to see first, by their written names.

    Args:
        content: What ``report_json`` made.
    """
    return {
        METRIC_NAMES[name]: _value(row)
        for name in HEADLINES
        for row in content["metrics"]
        if row["metric"] == name and row["class"] is None
    }


def class_table(content: Mapping[str, Any]) -> Table:
    """Return one row per class and one column per metric, with intervals.

    Args:
        content: What ``report_json`` made.
    """
    of_classes = {
        (row["class"], row["metric"]): row for row in content["metrics"] if row["class"] is not None
    }
    metrics = list(dict.fromkeys(metric for _, metric in of_classes))
    rows: list[tuple[str, Sequence[Value | str]]] = [
        (
            display_name(name),
            [
                f"{of_classes[name, metrics[0]]['support']:,}",
                *(_value(of_classes[name, metric]) for metric in metrics),
            ],
        )
        for name in content["class_names"]
    ]
    return Table(("Class", "Images", *(METRIC_NAMES[metric] for metric in metrics)), rows)


def _value(row: Mapping[str, Any]) -> Value:
    return Value(row["value"], row["low"], row["high"])
