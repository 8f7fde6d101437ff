"""The numbers of ``metrics.json`` as HTML: headline figures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from monai_covid.evaluation.wording import METRIC_NAMES, interval, number, sample_size
from monai_covid.labels import display_name

HEADLINES = ("accuracy", "balanced_accuracy", "macro_auc", "macro_f1")


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
    lines = [f'<tr><th scope="col">Class</th><th scope="col">Images</th>{heads}</tr>']
    for name in class_names:
        cells = "".join(_cell(found[name, metric]) for metric in metrics)
        support = found[name, metrics[0]]["support"]
        lines.append(
            f'<tr><th scope="row">{escape(display_name(name))}</th><td>{support:,}</td>{cells}</tr>'
        )
    head, body = lines[0], "\n".join(lines[1:])
    table = f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="scroll">{table}</div>'


def _cell(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return f'<td class="undefined">{escape(number(None))}</td>'
    bounds = escape(interval(row["low"], row["high"]))
    return f'<td>{escape(number(row["value"]))}<span class="interval">{bounds}</span></td>'
