"""Tables of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from monai_covid.audits.shortcuts.chance import Chance, majority
from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.audits.shortcuts.lung_parts import PARTS
from monai_covid.audits.shortcuts.results import ModelResults, Result
from monai_covid.audits.shortcuts.scores import REST_ACCURACY, single_label
from monai_covid.evaluation.columns import LABEL, PATIENT
from monai_covid.evaluation.comparison import Comparison
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.summary_tables import Table, Value
from monai_covid.labels import display_name

FEW_PATIENTS = 30
"""A class of fewer patients is marked: its figures say little."""

Row = tuple[str, Sequence[Value | str]]


def class_table(rows: Mapping[str, Result], labels: Sequence[str]) -> Table:
    """Return all classes together: accuracy, balanced accuracy, the same by chance.

    Args:
        rows: Results by title; all of the same images.
        labels: The classes that occur.
    """
    heads = ["Seen", "Accuracy", "Balanced accuracy", "The same, labels permuted", "p"]
    lines: list[Row] = [(title, _class_cells(result)) for title, result in rows.items()]
    true = single_label(next(iter(rows.values())).table, labels).true
    by_chance: list[Value | str] = [Value(majority(true)), Value(1 / len(labels)), "", ""]
    return Table(heads, [*lines, ("Always the commonest class", by_chance)])


def rest_table(rows: Mapping[str, Result], labels: Sequence[str]) -> Table:
    """Return each class against the rest: AUC and accuracy.

    Args:
        rows: Results by title; all of the same images.
        labels: The classes that occur.
    """
    first = next(iter(rows.values())).table
    heads = ["Seen", *[f"{name}, AUC" for name in _names(first, labels)]]
    heads += [f"{display_name(label)}, accuracy" for label in labels]
    keys = [MetricKey(metric, label) for metric in ("auc", REST_ACCURACY) for label in labels]
    lines: list[Row] = [
        (title, [result.scores[key] for key in keys]) for title, result in rows.items()
    ]
    true = single_label(first, labels).true
    chance = [Value(0.5) for _ in labels]
    chance += [Value(majority(true, place)) for place in range(len(labels))]
    return Table(heads, [*lines, ("Always the commoner answer", chance)])


def drop_table(model: ModelResults, labels: Sequence[str]) -> Table:
    """Return what the model loses against the whole image, paired over patients."""
    heads = ["Against the whole image", "Accuracy", "Balanced accuracy"]
    heads += [f"{display_name(label)}, AUC" for label in labels]
    keys = [("accuracy", None), ("balanced_accuracy", None), *(("auc", one) for one in labels)]
    lines: list[Row] = [
        (PARTS[name].title, [_difference(drop, *key) for key in keys])
        for name, drop in model.drops.items()
    ]
    return Table(heads, lines)


def by_title(results: Mapping[str, Result]) -> dict[str, Result]:
    """Return the results of cues by title; those that hold no lung first, and marked."""
    order = sorted(results, key=lambda name: not CUES[name].lung_free)
    return {_cue_title(name): results[name] for name in order}


def parts_by_title(model: ModelResults) -> dict[str, Result]:
    """Return the results of the model on parts of the images by title."""
    return {f"Model: {PARTS[name].title.lower()}": model.parts[name] for name in model.parts}


def few_patients(table: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return the classes that have fewer than ``FEW_PATIENTS`` patients."""
    patients = Counter(table.drop_duplicates([PATIENT, LABEL])[LABEL])
    return [label for label in labels if patients[label] < FEW_PATIENTS]


def _cue_title(name: str) -> str:
    return f"{CUES[name].title} (no lung in it)" if CUES[name].lung_free else CUES[name].title


def _class_cells(result: Result) -> list[Value | str]:
    chance: Chance = result.chance
    permuted = Value(chance.mean, chance.low, chance.high)
    scores = [result.scores[MetricKey(name)] for name in ("accuracy", "balanced_accuracy")]
    return [*scores, permuted, f"{chance.p_value:.3f}"]


def _names(table: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    few = few_patients(table, labels)
    return [display_name(one) + (" (few patients)" if one in few else "") for one in labels]


def _difference(comparison: Comparison, metric: str, label: str | None) -> Value:
    for one in comparison.differences:
        if (one.metric, one.label) == (metric, label):
            return Value(one.difference, one.low, one.high)
    raise KeyError(f"no difference of {metric}/{label}")
