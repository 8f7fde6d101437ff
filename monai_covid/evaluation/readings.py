"""Agreement of a model with readers of the same images.

Labels that come with a hospital, or were mined from its reports, can be predicted by much that is
no disease. Readers who looked at the images themselves are an independent reference. A model that
recognises the finding ranks, among images of one label, those on which readers saw it above the
others: other cues to the label are the same for both. A model that uses such cues does so only as
far as they are correlated with the finding, however well it predicts the labels. Where views are
known, pairs of one label and one view are counted as well: bedside radiographs are AP and of sicker
patients, so the view alone predicts something of both.

Each measure is the probability that a pair is ranked correctly, ties counted half, and so an AUC.
Within strata only pairs of one stratum count, over all strata together: a stratified Mann-Whitney
statistic (P. van Elteren, Bull. Int. Stat. Inst. 37:351-361, 1960) in which each pair counts once.

Readings are compared with the probability of the class against that of normal: another disease that
shows the same finding takes probability from the class, and would seem to contradict the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.columns import IMAGE
from monai_covid.evaluation.outcomes import BoolArray, FloatArray
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.ranked import (
    Ranking,
    divide,
    ordered_pairs,
    rank,
    weighted_auc,
    weights_by_score,
)
from monai_covid.evaluation.reading_arrays import ReadingArrays, groups, reading_arrays

LABELS_BY_MODEL = "labels_by_model"
LABELS_BY_READERS = "labels_by_readers"
READINGS_BY_MODEL = "readings_by_model"
WITHIN_LABELS = "readings_by_model_within_labels"
WITHIN_VIEWS = "readings_by_model_within_labels_and_views"
MEASURES = (LABELS_BY_MODEL, LABELS_BY_READERS, READINGS_BY_MODEL, WITHIN_LABELS, WITHIN_VIEWS)

Measure: TypeAlias = Callable[[FloatArray], dict[str, FloatArray]]
Strata: TypeAlias = Mapping[str, tuple[BoolArray, Ranking]]


class ReadingsOfLabel(NamedTuple):
    """The images of one label that were read.

    Attributes:
        label: The label.
        images: Their number.
        patients: Their patients.
        seen: Images on which readers saw the finding.
        auc: How the model ranks those above the other images of this label.
    """

    label: str
    images: int
    patients: int
    seen: int
    auc: Value


@dataclass(frozen=True)
class ReadingComparison:
    """A model, labels and readings of one class on the same images.

    Attributes:
        label: The class whose finding was looked for.
        labels: The images by label.
        images: All that were read.
        patients: Their patients.
        values: AUC with 95 % interval over patients. ``labels_by_model``: of the model's
            probability for the label; ``labels_by_readers``: of the readings for the label;
            ``readings_by_model``: of the probability for the finding being seen; the same
            ``…_within_labels``, and ``…_within_labels_and_views``, of images whose view is known.
        heeds_views: Whether the view of any of the images is known.
        fewest: The smaller number of patients, with the finding seen or not, whose images can be
            compared with others of their label, and of their view if views are heeded.
    """

    label: str
    labels: tuple[ReadingsOfLabel, ...]
    images: int
    patients: int
    values: Mapping[str, Value]
    heeds_views: bool
    fewest: int

    @property
    def judged(self) -> Value:
        """AUC of the model for the finding being seen, in the narrowest strata."""
        return self.values[WITHIN_VIEWS if self.heeds_views else WITHIN_LABELS]


def compare_with_readings(
    tables: Sequence[pd.DataFrame],
    seen: pd.Series[float],
    views: pd.Series[str] | None = None,
    *,
    resamples: int,
    seed: int = 0,
) -> ReadingComparison | None:
    """Compare predictions with readings.

    Args:
        tables: Single-label predictions tables (see ``evaluation.columns``) of one model each:
            measures are means over them, of the images that are in all, and patients are drawn for
            all at once.
        seen: 1, 0 or NaN by image, see ``data.readings.read_readings``; named after the class whose
            finding readers looked for.
        views: View of each image, by image; empty where it is not known, None if none is.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        None if no image was read.
    """
    readings, label = seen.dropna(), str(seen.name)
    shared = set.intersection(set(readings.index), *(set(table[IMAGE]) for table in tables))
    if not shared:
        return None
    read = [table[table[IMAGE].isin(shared)] for table in tables]
    images = [reading_arrays(table, readings, label, views) for table in read]
    first = images[0]
    values = _with_intervals(images, resamples, seed)
    labels = sorted(set(first.given), key=lambda name: (name != label, name))
    return ReadingComparison(
        label,
        tuple(_read_label(first, name, values[_within(name)]) for name in labels),
        len(first.given),
        len(set(first.patients)),
        {name: values[name] for name in MEASURES},
        first.views is not None,
        min(map(len, first.sides(first.strata()))),
    )


def _measure(images: ReadingArrays) -> Measure:
    is_label = np.asarray(images.given == images.label)
    whole = {
        LABELS_BY_MODEL: rank(is_label, images.scores),
        LABELS_BY_READERS: rank(is_label, images.seen.astype(np.float64)),
        READINGS_BY_MODEL: rank(images.seen, images.against),
    }
    by_label, by_view = _ranked(images, groups(images.given)), _ranked(images, images.strata())

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        values = {
            name: weighted_auc(weights_by_score(ranking, weights))
            for name, ranking in whole.items()
        }
        pairs = _pairs(by_label, weights)
        values |= {_within(name): divide(*of_label) for name, of_label in pairs.items()}
        values[WITHIN_LABELS] = _over_strata(pairs)
        values[WITHIN_VIEWS] = np.full(len(weights), np.nan)
        if images.views is not None:
            values[WITHIN_VIEWS] = _over_strata(_pairs(by_view, weights))
        return values

    return measure


def _ranked(images: ReadingArrays, parts: Mapping[str, BoolArray]) -> Strata:
    return {
        name: (part, rank(images.seen[part], images.against[part])) for name, part in parts.items()
    }


def _pairs(strata: Strata, weights: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    return {
        name: ordered_pairs(weights_by_score(ranking, weights[:, part]))
        for name, (part, ranking) in strata.items()
    }


def _over_strata(pairs: Mapping[str, tuple[FloatArray, FloatArray]]) -> FloatArray:
    ordered, every = (np.sum(counts, axis=0) for counts in zip(*pairs.values(), strict=True))
    return divide(ordered, every)


def _with_intervals(images: Sequence[ReadingArrays], resamples: int, seed: int) -> dict[str, Value]:
    """Return means over models, with intervals over patients drawn for all models at once."""
    measures = [_measure(of_model) for of_model in images]
    ends = np.cumsum([len(of_model.given) for of_model in images])[:-1]

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        parts = np.split(weights, ends, axis=1)
        models = [of_model(part) for of_model, part in zip(measures, parts, strict=True)]
        return {name: np.mean([model[name] for model in models], axis=0) for name in models[0]}

    patients = [str(patient) for of_model in images for patient in of_model.patients]
    once = measure(np.ones((1, len(patients))))
    drawn = resample(measure, patients, resamples, seed)
    compared = _compared(images[0])
    return {
        name: _value(float(once[name][0]), drawn[name], patients=len(compared[name]))
        for name in once
    }


def _compared(images: ReadingArrays) -> dict[str, set[str]]:
    """Return the patients whose images a measure compares."""
    by_label = groups(images.given)
    strata = {
        WITHIN_LABELS: by_label,
        WITHIN_VIEWS: images.strata(),
        **{_within(name): {name: part} for name, part in by_label.items()},
    }
    every = set(map(str, images.patients))
    whole = dict.fromkeys((LABELS_BY_MODEL, LABELS_BY_READERS, READINGS_BY_MODEL), every)
    return whole | {name: set.union(*images.sides(parts)) for name, parts in strata.items()}


def _value(value: float, drawn: FloatArray, *, patients: int) -> Value:
    if np.isnan(value):
        return Value(None)
    # One patient alone gives the same resample every time, which would look like certainty.
    interval = percentile_interval(drawn)
    return Value(value) if patients < 2 else Value(value, interval.low, interval.high)


def _within(label: str) -> str:
    return f"within {label}"


def _read_label(images: ReadingArrays, label: str, auc: Value) -> ReadingsOfLabel:
    part = images.given == label
    patients = len(set(images.patients[part]))
    return ReadingsOfLabel(label, int(part.sum()), patients, int(images.seen[part].sum()), auc)
