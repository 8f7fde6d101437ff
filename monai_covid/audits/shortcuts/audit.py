"""The audit of shortcuts: what predicts the classes without the lungs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.shortcuts.lung_parts import Finder
from monai_covid.audits.shortcuts.results import cue_results, model_results
from monai_covid.audits.shortcuts.sections import numbers_of, sections_of
from monai_covid.audits.shortcuts.verdict import (
    cue_sentence,
    few_sentence,
    model_sentence,
    predictive_cues,
    without_lungs,
)
from monai_covid.audits.subject import Subject
from monai_covid.data.records import Records
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.labels import display_name
from monai_covid.preprocessing.lungs.find import find_lungs

LEAST_PATIENTS = 30
"""Of each class; with fewer, estimators vary more than intervals show, and false alarms occur."""


def audit(
    subject: Subject, find: Finder = find_lungs, *, least_patients: int = LEAST_PATIENTS
) -> AuditFinding:
    """Test what aspect ratio, border and texture predict, and the model with hidden lungs.

    Estimators of scikit-learn learn each cue alone, in cross-validation over patients. The model is
    given images with hidden lungs, in two ways, and lungs alone.

    The verdict is PROBLEM when a lung-free cue predicts classes: the 95 % interval of the balanced
    accuracy, or of a class's AUC against the rest, begins more than 0.1 above chance (one over the
    number of classes; 0.5). It is PROBLEM as well when the model does so with the lungs hidden,
    with either way of hiding them. Thumbnails, histograms and bytes per pixel contain something of
    the lungs and do not decide; a model that does no better needs no detail of them.

    A problem of the first kind is one of the collection: classes come from different places, and
    figures measured on it do not show that disease is recognised, whatever the model. One of the
    second kind is a problem of the model: it uses what is beside the lungs. PASSED is no proof.
    INCONCLUSIVE: fewer than two classes have two patients or more, or a class of the finding has
    fewer than ``least_patients``.

    With so few, false alarms occur, because the intervals leave out how much a fitted estimator
    varies: of eight phantoms without shortcuts, 24 images a class, none had a problem with three
    classes, but one of the 24 pairs of classes had, by the border. For the same reason the
    p-values, which permute labels without refitting, are too small or too large there.

    Args:
        subject: A collection, with or without a model.
        find: Finds the lungs of an image (H, W), larger is brighter.
        least_patients: Of each class that a problem takes; among the images that the model was not
            trained on where the problem is the model's.

    Raises:
        InputError: If images cannot be read or original sizes are no numbers; names all of them.
    """
    records = subject.records
    labels = _labels(records)
    single = [label for label in labels if _patients(records, label) < 2]
    if len(labels) < 2 or single:
        return AuditFinding(Verdict.INCONCLUSIVE, _too_few(labels, single))
    cues = cue_results(subject)
    model = model_results(subject, cues, find) if subject.classifier else None
    predictive = predictive_cues(cues, labels)
    hidden = without_lungs(model, labels) if model else []
    sentences = [cue_sentence(cues, predictive)]
    sentences += [model_sentence(model, hidden, labels)] if model else []
    small = _small(records, labels, least_patients) if predictive else []
    small_unseen = _small(subject.unseen, labels, least_patients) if hidden else []
    # Either finding is a problem by itself, if it rests on enough patients.
    is_problem = bool(predictive and not small) or bool(hidden and not small_unseen)
    if small or small_unseen:
        sentences.append(few_sentence(small or small_unseen, least_patients))
    return AuditFinding(
        verdict=_verdict(bool(predictive or hidden), is_problem),
        summary=" ".join(sentences),
        sections=sections_of(subject.folder, cues, model, labels),
        numbers=numbers_of(cues, model) | _above_chance(predictive, hidden if model else None),
    )


def _verdict(is_above_chance: bool, is_problem: bool) -> Verdict:
    if is_problem:
        return Verdict.PROBLEM
    return Verdict.INCONCLUSIVE if is_above_chance else Verdict.PASSED


def _small(records: Records, labels: tuple[str, ...], least: int) -> list[str]:
    """Return the classes that have fewer than ``least`` patients."""
    return [label for label in labels if _patients(records, label) < least]


def _labels(records: Records) -> tuple[str, ...]:
    occurs = np.unique(records.classes).tolist()
    return tuple(records.labels[place] for place in occurs)


def _patients(records: Records, label: str) -> int:
    place = records.labels.index(label)
    return len(np.unique(records.patients[records.targets[:, place]].astype(str)))


def _too_few(labels: tuple[str, ...], single: list[str]) -> str:
    if len(labels) < 2:
        return f"All images are {display_name(labels[0])}: there is nothing to predict."
    names = ", ".join(display_name(label) for label in single)
    return f"Too few patients to train on some and test on others: {names} has a single one."


def _above_chance(
    cues: Mapping[str, Sequence[MetricKey]], model: Sequence[MetricKey] | None
) -> dict[str, Any]:
    """Return which metrics are above chance, for programs; without a model those of cues alone."""

    def fields(keys: Sequence[MetricKey]) -> list[dict[str, str | None]]:
        return [{"metric": key.metric, "class": key.label} for key in keys]

    numbers: dict[str, Any] = {"telling_cues": {name: fields(keys) for name, keys in cues.items()}}
    return numbers if model is None else numbers | {"model_without_lungs": fields(model)}
