"""The audit: what can be told without looking at lungs?"""

from __future__ import annotations

from typing import Any

import numpy as np

from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.shortcuts.lung_parts import Finder
from monai_covid.audits.shortcuts.results import ModelResults, cue_results, model_results
from monai_covid.audits.shortcuts.sections import numbers_of, sections_of
from monai_covid.audits.shortcuts.verdict import (
    cue_sentence,
    few_sentence,
    model_sentence,
    telling_cues,
    without_lungs,
)
from monai_covid.audits.subject import Subject
from monai_covid.data.records import Records
from monai_covid.labels import display_name
from monai_covid.preprocessing.lungs.find import find_lungs

LEAST_PATIENTS = 30
"""Of each class; with fewer, estimators vary more than intervals show, and false alarms occur."""


def audit(
    subject: Subject, find: Finder = find_lungs, *, least_patients: int = LEAST_PATIENTS
) -> AuditFinding:
    """Ask what the shape, the border and the texture of images tell, and a model without lungs.

    Estimators of scikit-learn learn each cue alone, in cross-validation over patients. A model sees
    images of which the lungs are hidden, in two ways, and lungs alone.

    The verdict is FAULT when a cue that holds no lung tells classes apart: the 95 % interval of the
    balanced accuracy, or of a class's AUC against the rest, begins more than 0.1 above chance (one
    over the number of classes; 0.5). It is FAULT as well when the model does so with the lungs
    hidden, with either way of hiding them. Thumbnails, histograms and bytes per pixel hold
    something of the lungs and do not decide; a model that does no better needs no detail of them.

    A fault of the first kind is one of the collection: classes come from different places, and
    figures measured on it do not show that disease is recognised, whatever the model. One of the
    second kind is a fault of the model: it uses what is beside the lungs. QUIET is no proof.
    UNKNOWN: fewer than two classes have two patients or more, or what was found rests on a class of
    less than ``least_patients``.

    There false alarms occur, because the intervals do not hold how much a fitted
    estimator varies: of eight phantoms without shortcuts, 24 images a class, none was accused with
    three classes, but one of the 24 pairs of classes was, by the border. For the same reason the
    p-values, which permute labels without fitting anew, are too small or too large there.

    Args:
        subject: A collection, with or without a model.
        find: Finds the lungs of an image (H, W), larger is brighter.
        least_patients: Of each class that a fault takes; of the images that the model has not seen
            where the fault is the model's.

    Raises:
        InputError: If images cannot be read or original sizes are no numbers; names all of them.
    """
    records = subject.records
    labels = _labels(records)
    single = [label for label in labels if _patients(records, label) < 2]
    if len(labels) < 2 or single:
        return AuditFinding(Verdict.UNKNOWN, _too_few(labels, single))
    cues = cue_results(subject)
    model = model_results(subject, cues, find) if subject.classifier else None
    telling = telling_cues(cues, labels)
    beside = without_lungs(model, labels) if model else []
    sentences = [cue_sentence(cues, telling)]
    sentences += [model_sentence(model, beside, labels)] if model else []
    small = _small(records, labels, least_patients) if telling else []
    unseen = _small(subject.unseen, labels, least_patients) if beside else []
    # Either finding makes a fault by itself, if it rests on enough patients.
    fault = bool(telling and not small) or bool(beside and not unseen)
    sentences += [few_sentence(small or unseen, least_patients)] if small or unseen else []
    return AuditFinding(
        verdict=_verdict(bool(telling or beside), fault),
        summary=" ".join(sentences),
        sections=sections_of(subject.folder, cues, model, labels),
        numbers=numbers_of(cues, model) | _faults(telling, beside, model),
    )


def _verdict(found: bool, fault: bool) -> Verdict:
    if fault:
        return Verdict.FAULT
    return Verdict.UNKNOWN if found else Verdict.QUIET


def _small(records: Records, labels: tuple[str, ...], least: int) -> list[str]:
    """Return the classes that have less than ``least`` patients."""
    return [label for label in labels if _patients(records, label) < least]


def _labels(records: Records) -> tuple[str, ...]:
    occurs = np.unique(records.classes).tolist()
    return tuple(records.labels[place] for place in occurs)


def _patients(records: Records, label: str) -> int:
    place = records.labels.index(label)
    return len(np.unique(records.patients[records.targets[:, place]].astype(str)))


def _too_few(labels: tuple[str, ...], single: list[str]) -> str:
    if len(labels) < 2:
        return f"All images are {display_name(labels[0])}: there is nothing to tell apart."
    names = ", ".join(display_name(label) for label in single)
    return f"Too few patients to learn from some and test on others: {names} has a single one."


def _faults(telling: Any, beside: Any, model: ModelResults | None) -> dict[str, Any]:
    def keys(found: Any) -> list[dict[str, str | None]]:
        return [{"metric": key.metric, "class": key.label} for key in found]

    faults: dict[str, Any] = {
        "telling_cues": {name: keys(found) for name, found in telling.items()}
    }
    return faults | ({"model_without_lungs": keys(beside)} if model else {})
