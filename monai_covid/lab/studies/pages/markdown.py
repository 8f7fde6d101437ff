"""Markdown tables, and how numbers and names are written in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from monai_covid.evaluation.wording import interval, metric_name, number
from monai_covid.lab.studies.pages.records import RECALL, Estimate
from monai_covid.labels import display_name

DASH = "\N{EN DASH}"
OWN_NAMES = {
    "covid19_auc": "AUC, COVID-19 against the rest",
    "binary_covid19_normal_accuracy": "Accuracy, COVID-19 against normal",
    "aspect": "aspect ratio",
    "border": "border strips",
    "histogram": "grey-level histogram",
    "encoding": "file format and size",
    "original_size": "size before conversion",
    "equalised_16": "equalised thumbnail",
    "lungs_only": "lungs alone",
    "without_lungs": "lungs blanked out",
}


def escape(text: str) -> str:
    """Return text that stays text, on one line, in Markdown and in a table cell."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; cells are taken as they are."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def estimate(score: Estimate | None) -> str:
    """Return ``0.710 (0.680 to 0.740)``; a dash for what is not known."""
    if score is None or score.value is None:
        return DASH
    if score.low is None or score.high is None:
        return number(score.value)
    return f"{number(score.value)} ({interval(score.low, score.high)})"


def signed(value: float | None) -> str:
    """Return ``+0.012``; a value that is not 0 is never written as one."""
    if value is None:
        return DASH
    if value == 0:
        return "0.000"
    return f"{value:+.1g}" if abs(value) < 0.0005 else f"{value:+.3f}"


def difference(change: Estimate) -> str:
    """Return ``+0.012 (-0.003 to +0.027)``."""
    if change.low is None or change.high is None:
        return signed(change.value)
    return f"{signed(change.value)} ({bounds(change)})"


def bounds(change: Estimate | None) -> str:
    """Return ``-0.003 to +0.027``; a dash without bounds."""
    if change is None or change.low is None or change.high is None:
        return DASH
    return f"{signed(change.low)} to {signed(change.high)}"


def measure_name(measure: str) -> str:
    """Return how a measure of a study is written."""
    if measure.startswith(RECALL):
        return metric_name("recall", measure.removeprefix(RECALL))
    return OWN_NAMES.get(measure) or metric_name(measure)


def measure_in_words(measure: str) -> str:
    """Return the measure of a comparison, fit for Markdown inside a sentence."""
    return escape(measure.replace("auc", "AUC").replace("_", " "))


def inside_sentence(name: str) -> str:
    """Return a name with a small first letter unless it is an abbreviation."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def feature_name(name: str) -> str:
    """Return how a trivial baseline or a further evaluation is written."""
    pixels = re.fullmatch(r"thumbnail_(\d+)", name)
    if pixels:
        return f"{pixels[1]} \N{MULTIPLICATION SIGN} {pixels[1]} thumbnail"
    return OWN_NAMES.get(name) or escape(display_name(name))


def option_list(options: Mapping[str, Any]) -> str:
    """Return ``head keep, image size 64`` in the order of the names."""
    parts = [f"{name.replace('_', ' ')} {plain(options[name])}" for name in sorted(options)]
    return escape(", ".join(parts)) or DASH


def plain(value: Any) -> str:
    """Return a value of an option as text."""
    if isinstance(value, Mapping):
        return " ".join(f"{key}: {plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(plain, value)) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"{value}"
