"""The numbers of ``metrics.json`` as HTML: headline figures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from monai_covid.evaluation.wording import METRIC_NAMES, interval, number, sample_size
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
        rows: Name of each row, and its values or words.
    """

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Value | str]]]


def value_table(table: Table) -> str:
    """Return a table of values with their intervals, as HTML."""
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = [
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_value_cell, values))}</tr>'
        for name, values in table.rows
    ]
    return _table(f"<tr>{heads}</tr>", rows)


def headline_numbers(content: Mapping[str, Any]) -> str:
    """Return the figures to see first, as HTML.

    Args:
        content: What ``report_json`` made.
    """
    cards = [
        _card(row)
        for name in HEADLINES
        for row in content["metrics"]
        if row["metric"] == name and row["class"] is None
    ]
    return '<div class="cards">\n' + "\n".join(cards) + "\n</div>"


def metric_tables(content: Mapping[str, Any]) -> str:
    """Return one row per class and one column per metric, with intervals, as HTML.

    Args:
        content: What ``report_json`` made.
    """
    size = sample_size(content["n_images"], content["n_patients"])
    level = f"{100 * content['interval']['level']:.0f} %"
    note = " ".join([f"{size}; below each value its {level} interval.", *content["remarks"]])
    table = _class_table(content["class_names"], content["metrics"])
    noun = "label" if content["task"] == "multi-label" else "class"
    return f"<section>\n<h2>Each {noun}</h2>\n<p>{escape(note)}</p>\n{table}\n</section>"


def _card(row: Mapping[str, Any]) -> str:
    name = escape(METRIC_NAMES[row["metric"]])
    return (
        f'<div class="card"><div class="name">{name}</div>'
        f'<div class="value">{escape(number(row["value"]))}</div>'
        f'<div class="interval">{escape(interval(row["low"], row["high"]))}</div></div>'
    )


def _class_table(class_names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    found = {(row["class"], row["metric"]): row for row in rows if row["class"] is not None}
    metrics = list(dict.fromkeys(metric for _, metric in found))
    heads = "".join(f'<th scope="col">{escape(METRIC_NAMES[metric])}</th>' for metric in metrics)
    head = f'<tr><th scope="col">Class</th><th scope="col">Images</th>{heads}</tr>'
    lines = []
    for name in class_names:
        cells = "".join(_cell(found[name, metric]) for metric in metrics)
        support = found[name, metrics[0]]["support"]
        lines.append(
            f'<tr><th scope="row">{escape(display_name(name))}</th><td>{support:,}</td>{cells}</tr>'
        )
    return _table(head, lines)


def _table(head: str, lines: Sequence[str]) -> str:
    body = "\n".join(lines)
    table = f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="scroll">{table}</div>'


def _cell(row: Mapping[str, Any]) -> str:
    return _value_cell(Value(row["value"], row["low"], row["high"]))


def _value_cell(cell: Value | str) -> str:
    if isinstance(cell, str):
        return f'<td class="words">{escape(cell)}</td>'
    if cell.value is None:
        return f'<td class="undefined">{escape(number(None))}</td>'
    bounds = escape(interval(cell.low, cell.high))
    return f'<td>{escape(number(cell.value))}<span class="interval">{bounds}</span></td>'
