"""Sections of the page: tables and figures, and the same numbers for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.audits.groups.performance import single_label_outcomes
from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.audits.shortcuts.learning import REST_ACCURACY, Chance, majority
from monai_covid.audits.shortcuts.lung_parts import PARTS
from monai_covid.audits.shortcuts.picture import draw_shortcuts
from monai_covid.audits.shortcuts.results import ModelResults, Result
from monai_covid.evaluation.columns import LABEL, PATIENT
from monai_covid.evaluation.comparison import Comparison
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.page import Picture, Section
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.wording import counted, sample_size
from monai_covid.labels import display_name

FEW_PATIENTS = 30
"""A class of fewer patients is marked: its figures are imprecise."""

HOW = (
    "Each cue alone is learned by a standard estimator (boosted trees for numbers, logistic "
    "regression for thumbnails) and tested on patients that it was not trained on. Below each "
    "value is its 95 % interval over patients. Permuted labels: the labels of the patients are "
    "permuted; between the bounds lie 95 % of the permutations. In the accuracy against the rest a "
    "class is predicted at a probability of at least one half."
)

SQUARE = (
    "Images are resized to a square for the model, so it has no aspect ratio to go by; borders, "
    "sharpness and distortion are typical of the place of origin as well."
)

HIDDEN = (
    "Lungs, heart and mediastinum are filled with the median grey of the rest, inside the hull of "
    "both lungs with a soft edge, or inside a rectangle. A model that keeps its accuracy then does "
    "not use the lungs. A model that loses it may do so because such images are out of its "
    "distribution: this is no proof that it uses the disease."
)

Row = tuple[str, Sequence[Value | str]]


def sections_of(
    folder: Path, cues: Mapping[str, Result], model: ModelResults | None, labels: Sequence[str]
) -> tuple[Section, ...]:
    """Write the pictures into ``folder`` and return the parts of the report.

    Args:
        folder: Existing folder.
        cues: On all images.
        model: None: only the collection is audited.
        labels: The classes that occur.
    """
    rows = by_title(cues)
    path = folder / "cues.png"
    save_png(draw_shortcuts(rows, labels, "Classes predicted without detail of the lungs"), path)
    picture = Picture(path, "What each cue alone predicts in cross-validation.")
    few = few_patients(next(iter(cues.values())).table, labels)
    table = class_table(rows, labels)
    sections = [
        Section("Cues: all classes", _marked(few), [picture], table, method=HOW),
        Section("Cues: each class against the rest", table=rest_table(rows, labels)),
    ]
    return tuple(sections + (_model_sections(folder, model, labels) if model else []))


def _model_sections(folder: Path, model: ModelResults, labels: Sequence[str]) -> list[Section]:
    cues = by_title(model.cues)
    rows = {**cues, "Model": model.whole}
    sections = [
        Section("Cues and model: all classes", table=class_table(rows, labels), method=SQUARE),
        Section("Cues and model: each class", table=rest_table(rows, labels)),
    ]
    if not model.parts:
        return [*sections, Section("Model without lungs", _counted(model))]
    parts = parts_by_title(model)
    path = folder / "model.png"
    figure = draw_shortcuts(parts, labels, "The model with and without lungs", model_from=0)
    save_png(figure, path)
    picture = Picture(path, "The model on the same images: whole, lungs hidden, lungs alone.")
    table = class_table(parts, labels)
    return [
        *sections,
        Section("Model without lungs", _counted(model), [picture], table, method=HIDDEN),
        Section("Model without lungs: each class", table=rest_table(parts, labels)),
        Section("Model without lungs: change", table=drop_table(model, labels)),
    ]


def numbers_of(cues: Mapping[str, Result], model: ModelResults | None) -> dict[str, Any]:
    """Return the figures for programs."""
    numbers: dict[str, Any] = {"cues": _all_numbers(cues)}
    if model is None:
        return numbers
    return numbers | {
        "cues_on_the_images_of_the_model": _all_numbers(model.cues),
        "model": _numbers(model.whole),
        "model_on_parts": _all_numbers(model.parts),
        "against_the_whole_image": {
            name: [asdict(difference) for difference in drop.differences]
            for name, drop in model.drops.items()
        },
        "images_without_plausible_lungs": dict(model.left_out),
    }


def class_table(rows: Mapping[str, Result], labels: Sequence[str]) -> Table:
    """Return all classes together: accuracy, balanced accuracy, the same by chance.

    Args:
        rows: Results by title; all of the same images.
        labels: The classes that occur.
    """
    heads = ["Input", "Accuracy", "Balanced accuracy", "The same, permuted labels", "p"]
    lines: list[Row] = [(title, _class_cells(result)) for title, result in rows.items()]
    true = single_label_outcomes(next(iter(rows.values())).table, labels).true
    by_chance: list[Value | str] = [Value(majority(true)), Value(1 / len(labels)), "", ""]
    return Table(heads, [*lines, ("Chance: always the commonest class", by_chance)])


def rest_table(rows: Mapping[str, Result], labels: Sequence[str]) -> Table:
    """Return each class against the rest: AUC and accuracy.

    Args:
        rows: Results by title; all of the same images.
        labels: The classes that occur.
    """
    first = next(iter(rows.values())).table
    heads = ["Input", *[f"{name}, AUC" for name in _names(first, labels)]]
    heads += [f"{display_name(label)}, accuracy" for label in labels]
    keys = [MetricKey(metric, label) for metric in ("auc", REST_ACCURACY) for label in labels]
    lines: list[Row] = [
        (title, [result.scores[key] for key in keys]) for title, result in rows.items()
    ]
    true = single_label_outcomes(first, labels).true
    chance = [Value(0.5) for _ in labels]
    chance += [Value(majority(true, place)) for place in range(len(labels))]
    return Table(heads, [*lines, ("Chance: always the commoner answer", chance)])


def drop_table(model: ModelResults, labels: Sequence[str]) -> Table:
    """Return what the model loses against the whole image, paired over patients."""
    heads = ["Against the whole image", "Accuracy", "Balanced accuracy"]
    heads += [f"{display_name(label)}, AUC" for label in labels]
    keys = [("accuracy", None), ("balanced_accuracy", None), *(("auc", label) for label in labels)]
    lines: list[Row] = [
        (PARTS[name].title, [_difference(drop, *key) for key in keys])
        for name, drop in model.drops.items()
    ]
    return Table(heads, lines)


def by_title(results: Mapping[str, Result]) -> dict[str, Result]:
    """Return the results of cues by title; lung-free ones first, and marked."""
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
    return f"{CUES[name].title} (lung-free)" if CUES[name].lung_free else CUES[name].title


def _class_cells(result: Result) -> list[Value | str]:
    chance: Chance = result.chance
    permuted = Value(chance.mean, chance.low, chance.high)
    scores = [result.scores[MetricKey(name)] for name in ("accuracy", "balanced_accuracy")]
    return [*scores, permuted, f"{chance.p_value:.3f}"]


def _names(table: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    few = few_patients(table, labels)
    return [display_name(label) + (" (few patients)" if label in few else "") for label in labels]


def _difference(comparison: Comparison, metric: str, label: str | None) -> Value:
    for difference in comparison.differences:
        if (difference.metric, difference.label) == (metric, label):
            return Value(difference.difference, difference.low, difference.high)
    raise KeyError(f"no difference of {metric}/{label}")


def _counted(model: ModelResults) -> str:
    left_out = sum(model.left_out.values())
    if not model.parts:
        return f"No plausible lungs were found on any of {counted(left_out, 'image')}."
    table = model.parts["whole"].table
    used = sample_size(len(table), table["patient_id"].nunique())
    return f"{used}; {left_out:,} more were left out: no plausible lungs were found on them."


def _marked(few: Sequence[str]) -> str:
    if not few:
        return ""
    return f"Few patients, so figures are imprecise: {', '.join(map(display_name, few))}."


def _all_numbers(results: Mapping[str, Result]) -> dict[str, Any]:
    return {name: _numbers(result) for name, result in results.items()}


def _numbers(result: Result) -> dict[str, Any]:
    metrics = [
        {"metric": key.metric, "class": key.label, **value._asdict()}
        for key, value in result.scores.items()
    ]
    return {
        "images": len(result.table),
        "metrics": metrics,
        "balanced_accuracy_by_permutation": result.chance._asdict(),
    }
