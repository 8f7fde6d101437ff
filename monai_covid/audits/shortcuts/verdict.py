"""Which cues, and whether the model with hidden lungs, are above chance; sentences about it."""

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


def predictive_cues(
    results: Mapping[str, Result], labels: Sequence[str]
) -> dict[str, list[MetricKey]]:
    """Return the lung-free cues that predict classes, and by what metrics."""
    above = {
        name: above_chance(result.scores, labels)
        for name, result in results.items()
        if CUES[name].lung_free
    }
    return {name: keys for name, keys in above.items() if keys}


def without_lungs(model: ModelResults, labels: Sequence[str]) -> list[MetricKey]:
    """Return the metrics in which the model is above chance with either way of hiding lungs.

    Both ways must agree: the outline of the hull still shows the size of the lungs, and a hard edge
    may be taken for anything.
    """
    above = [
        set(above_chance(model.parts[name].scores, labels))
        for name in WITHOUT_LUNGS
        if name in model.parts
    ]
    if not above:
        return []
    return [key for key in [BALANCED, *_aucs(labels)] if all(key in keys for keys in above)]


def cue_sentence(results: Mapping[str, Result], predictive: Mapping[str, list[MetricKey]]) -> str:
    """Return in plain words what lung-free cues predict."""
    if not predictive:
        names = [CUES[name].phrase for name in results if CUES[name].lung_free]
        return f"No class could be predicted from {_listed(names)} alone."
    parts = [
        _predicts(CUES[name].phrase, results[name].scores, keys)
        for name, keys in predictive.items()
    ]
    return f"Classes can be predicted without the lungs: {'; '.join(parts)}."


def model_sentence(
    model: ModelResults, predicted: Sequence[MetricKey], labels: Sequence[str]
) -> str:
    """Return in plain words what the model does with hidden lungs."""
    if not model.parts:
        return "No image has plausible lungs, so the model could not be tested without them."
    hull, whole = (model.parts[name].scores[BALANCED] for name in ("without_hull", "whole"))
    bounds = "" if hull.low is None else f" ({hull.low:.2f} to {hull.high:.2f})"
    figures = (
        f"balanced accuracy {hull.value:.2f}{bounds} without lungs, {whole.value:.2f} with them, "
        f"{1 / len(labels):.2f} by chance"
    )
    if not predicted:
        result = (
            "above chance, but by less than counts as a problem"
            if _low(hull) > 1 / len(labels)
            else "not significantly above chance"
        )
        return f"With the lungs hidden the model is {result}: {figures}."
    names = [display_name(key.label) for key in predicted if key.label is not None]
    what = _listed(names) if names else "the classes"
    return f"With the lungs hidden the model still recognises {what}: {figures}."


def few_sentence(labels: Sequence[str], least: int) -> str:
    """Return that so few patients may give a false alarm, and which classes these are."""
    names = _listed([display_name(label) for label in labels])
    return (
        f"Fewer than {least} patients with {names}: with so few this may be a false alarm. Audit "
        "more images before you rely on it."
    )


def _predicts(phrase: str, scores: Scores, keys: Sequence[MetricKey]) -> str:
    """Return the classes that the cue predicts against the rest, or how well it predicts all."""
    named = [
        f"{display_name(key.label)} (AUC {_figures(scores[key])})"
        for key in keys
        if key.label is not None
    ]
    if named:
        return f"the {phrase} alone predicts {_listed(named)}"
    return f"the {phrase} alone predicts all (balanced accuracy {_figures(scores[BALANCED])})"


def _figures(value: Value) -> str:
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"


def _aucs(labels: Sequence[str]) -> list[MetricKey]:
    return [MetricKey("auc", label) for label in labels]


def _low(value: Value) -> float:
    return value.low if value.low is not None else 0.0


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
