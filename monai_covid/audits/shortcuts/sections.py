"""The report: tables, picture, and the same figures for programs.

Tables of the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.audits.shortcuts.learning import REST_ACCURACY, Chance, majority, single_label
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


HOW = (
    "Each cue alone is learned by a standard estimator (boosted trees for numbers, logistic "
    "regression for thumbnails) and tested on patients that it was not learned from. Below each "
    "value is its 95 % interval over patients. Labels permuted: the labels are dealt anew to the "
    "patients; between the bounds lie 95 % of the permutations. A class counts as called at a "
    "probability of at least one half in the accuracy against the rest."
)
SEEN = (
    "Images are squashed to a square before the model sees them, so it cannot see the aspect ratio "
    "itself, but borders, sharpness and distortion give the place of origin away as well."
)
HIDDEN = (
    "The lungs, heart and all between them are filled with the median grey of the rest, inside the "
    "hull of both lungs with a soft edge, or inside a rectangle. A model that keeps its accuracy "
    "then is not looking at lungs. A model that loses it may do so because such images are strange "
    "to it: this is no proof that it looks at disease."
)


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
    save_png(draw_shortcuts(rows, labels, "What is told without detail of the lungs"), path)
    picture = Picture(path, "What each cue alone tells in cross-validation.")
    few = few_patients(next(iter(cues.values())).table, labels)
    sections = [
        Section("Cues: all classes", HOW + _marked(few), [picture], class_table(rows, labels)),
        Section("Cues: each class against the rest", table=rest_table(rows, labels)),
    ]
    return tuple(sections + (_model_sections(folder, model, labels) if model else []))


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
            name: [asdict(one) for one in drop.differences] for name, drop in model.drops.items()
        },
        "images_without_plausible_lungs": dict(model.left_out),
    }


def _model_sections(folder: Path, model: ModelResults, labels: Sequence[str]) -> list[Section]:
    cues = by_title(model.cues)
    beside = {**cues, "Model": model.whole}
    sections = [
        Section("Cues and model: all classes", SEEN, table=class_table(beside, labels)),
        Section("Cues and model: each class", table=rest_table(beside, labels)),
    ]
    if not model.parts:
        return [*sections, Section("Model without lungs", _counted(model))]
    parts = parts_by_title(model)
    path = folder / "model.png"
    figure = draw_shortcuts(parts, labels, "The model with and without lungs", model_from=0)
    save_png(figure, path)
    picture = Picture(path, "The model on the same images: whole, lungs hidden, lungs alone.")
    text = f"{HIDDEN}\n\n{_counted(model)}"
    return [
        *sections,
        Section("Model without lungs", text, [picture], class_table(parts, labels)),
        Section("Model without lungs: each class", table=rest_table(parts, labels)),
        Section("Model without lungs: change", table=drop_table(model, labels)),
    ]


def _counted(model: ModelResults) -> str:
    left_out = sum(model.left_out.values())
    if not model.parts:
        return f"None of {counted(left_out, 'image')} has lungs that look plausible."
    table = model.parts["whole"].table
    used = sample_size(len(table), table["patient_id"].nunique())
    return f"{used}; {left_out:,} more were left out: no lungs that look plausible were found."


def _marked(few: Sequence[str]) -> str:
    if not few:
        return ""
    return f" Few patients, so figures say little: {', '.join(map(display_name, few))}."


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
