"""The report: tables, picture, and the same figures for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monai_covid.audits.shortcuts.picture import draw_shortcuts
from monai_covid.audits.shortcuts.results import ModelResults, Result
from monai_covid.audits.shortcuts.tables import (
    by_title,
    class_table,
    drop_table,
    few_patients,
    parts_by_title,
    rest_table,
)
from monai_covid.evaluation import Picture, Section
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.wording import counted, sample_size
from monai_covid.labels import display_name

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
