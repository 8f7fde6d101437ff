"""When a cue or a model without lungs counts as a fault, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.audits.shortcuts.learning import Scores
from monai_covid.audits.shortcuts.lung_parts import WITHOUT_LUNGS
from monai_covid.audits.shortcuts.results import ModelResults, Result
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Value
from monai_covid.labels import display_name

MARGIN = 0.1
"""How far above chance an interval has to begin."""

AUC_BY_CHANCE = 0.5
BALANCED = MetricKey("balanced_accuracy")


def above_chance(scores: Scores, labels: Sequence[str]) -> list[MetricKey]:
    """Return the metrics whose whole interval lies more than ``MARGIN`` above chance.

    Args:
        scores: Of one cue or model.
        labels: The classes that occur.

    Returns:
        Of the balanced accuracy, whose chance is one over the number of classes, and the AUC of
        each class.
    """
    chances = {BALANCED: 1 / len(labels)}
    chances |= {MetricKey("auc", label): AUC_BY_CHANCE for label in labels}
    return [key for key, chance in chances.items() if _low(scores[key]) > chance + MARGIN]


def telling_cues(
    results: Mapping[str, Result], labels: Sequence[str]
) -> dict[str, list[MetricKey]]:
    """Return the cues without lungs that tell classes apart, and by what metrics."""
    found = {
        name: above_chance(result.scores, labels)
        for name, result in results.items()
        if CUES[name].lung_free
    }
    return {name: keys for name, keys in found.items() if keys}


def without_lungs(model: ModelResults, labels: Sequence[str]) -> list[MetricKey]:
    """Return the metrics in which the model is above chance with either way of hiding lungs.

    Both ways must agree: the outline of the hull still shows the size of the lungs, and a hard edge
    may be taken for anything.
    """
    found = [
        set(above_chance(model.parts[name].scores, labels))
        for name in WITHOUT_LUNGS
        if name in model.parts
    ]
    if not found:
        return []
    return [key for key in [BALANCED, *_aucs(labels)] if all(key in keys for keys in found)]


def cue_sentence(results: Mapping[str, Result], telling: Mapping[str, list[MetricKey]]) -> str:
    """Say in plain words what cues without lungs tell."""
    if not telling:
        names = [CUES[name].phrase for name in results if CUES[name].lung_free]
        return f"Nothing could be told from {_listed(names)} alone."
    tellings = [
        _telling(CUES[name].phrase, results[name].scores, keys) for name, keys in telling.items()
    ]
    return f"Classes can be told apart where no lung is seen: {'; '.join(tellings)}."


def model_sentence(model: ModelResults, telling: Sequence[MetricKey], labels: Sequence[str]) -> str:
    """Say in plain words what the model does without lungs."""
    if not model.parts:
        return "No image has plausible lungs, so the model could not be tried without them."
    hull, whole = (model.parts[name].scores[BALANCED] for name in ("without_hull", "whole"))
    bounds = "" if hull.low is None else f" ({hull.low:.2f} to {hull.high:.2f})"
    figures = (
        f"balanced accuracy {hull.value:.2f}{bounds} without lungs, {whole.value:.2f} with them, "
        f"{1 / len(labels):.2f} by chance"
    )
    if not telling:
        above = _low(hull) > 1 / len(labels)
        words = (
            "above chance, though not by the margin that counts as a fault"
            if above
            else ("not shown to be above chance")
        )
        return f"With the lungs hidden the model is {words}: {figures}."
    told = [display_name(key.label) for key in telling if key.label is not None]
    named = f"tells {_listed(told)} from the rest" if told else "tells the classes apart"
    return f"With the lungs hidden the model still {named}: {figures}."


def few_sentence(labels: Sequence[str], least: int) -> str:
    """Say that so few patients can show what is not there, and which classes these are."""
    names = _listed([display_name(label) for label in labels])
    return (
        f"Fewer than {least} patients with {names}: as few as that can show by chance what is not "
        "there. Audit more images before you rely on it."
    )


def _telling(phrase: str, scores: Scores, keys: Sequence[MetricKey]) -> str:
    """Name the classes that the cue tells from the rest, or say how well it tells all apart."""
    named = [
        f"{display_name(key.label)} (AUC {_figures(scores[key])})"
        for key in keys
        if key.label is not None
    ]
    if named:
        return f"the {phrase} alone tells {_listed(named)} from the rest"
    return f"the {phrase} alone tells all apart (balanced accuracy {_figures(scores[BALANCED])})"


def _figures(value: Value) -> str:
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"


def _aucs(labels: Sequence[str]) -> list[MetricKey]:
    return [MetricKey("auc", label) for label in labels]


def _low(value: Value) -> float:
    return value.low if value.low is not None else 0.0


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
