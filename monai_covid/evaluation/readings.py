"""What a model says beside what readers saw on the same images.

Labels that come with a hospital, or were mined from its reports, can be told by much that is no
disease. Readers who looked at the images themselves are a second witness. A model that recognises
the finding ranks, **among images of one label**, those on which readers saw it above the others:
the hospital, which the label gives away, is the same for both. One that goes by the hospital does
not, however well it tells the labels.

Each measure is a probability of ordering a pair rightly, ties counted half, and so an AUC. Within
labels only pairs of images of one label count, over all labels together: the stratified AUC, a
Mann-Whitney statistic of several strata (P. van Elteren, Bull. Int. Stat. Inst. 37:351-361, 1960)
in which each pair counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, probability_column
from monai_covid.evaluation.outcomes import BoolArray, FloatArray
from monai_covid.evaluation.ranked import (
    divide,
    ordered_pairs,
    rank,
    weighted_auc,
    weights_by_score,
)
from monai_covid.evaluation.summary_tables import Value

LABELS_BY_MODEL = "labels_by_model"
LABELS_BY_READERS = "labels_by_readers"
READINGS_BY_MODEL = "readings_by_model"
WITHIN_LABELS = "readings_by_model_within_labels"
MEASURES = (LABELS_BY_MODEL, LABELS_BY_READERS, READINGS_BY_MODEL, WITHIN_LABELS)

Measure = Callable[[FloatArray], dict[str, FloatArray]]


class ReadLabel(NamedTuple):
    """The images of one label that were read.

    Attributes:
        label: The label that they came with.
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
        labels: The images by the label that they came with.
        images: All that were read.
        patients: Their patients.
        values: ``labels_by_model``: how the model's probability tells images labelled so from
            others; ``labels_by_readers``: how the readings do; ``readings_by_model``: how the
            probability tells images on which the finding was seen; and the same
            ``readings_by_model_within_labels``. Value with 95 % interval over patients.
        fewest: The smaller number of patients, with the finding seen or not, whose images can be
            compared with others of their label.
    """

    label: str
    labels: tuple[ReadLabel, ...]
    images: int
    patients: int
    values: Mapping[str, Value]
    fewest: int


def compare_with_readings(
    tables: Sequence[pd.DataFrame], seen: pd.Series[float], label: str, resamples: int, seed: int
) -> ReadingComparison | None:
    """Compare predictions with readings.

    Args:
        tables: Single-label predictions tables (see ``evaluation.columns``) of the same images, of
            one model each: measures are means over them, and patients are drawn for all at once.
        seen: 1, 0 or NaN by image, see ``data.readings.read_readings``.
        label: The class that was looked for.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        None if no image was read.
    """
    known = seen.dropna()
    read = [table[table[IMAGE].isin(known.index)] for table in tables]
    if any(table.empty for table in read):
        return None
    order = list(dict.fromkeys(sorted(read[0][LABEL], key=lambda name: (name != label, name))))
    measures = [_measure(table, _seen(table, known), label, order) for table in read]
    values = _with_intervals(measures, read, resamples, seed)
    first = read[0]
    return ReadingComparison(
        label,
        tuple(
            _read_label(first, _seen(first, known), name, values[_within(name)]) for name in order
        ),
        len(first),
        first[PATIENT].nunique(),
        {name: values[name] for name in MEASURES},
        _fewest(first, _seen(first, known)),
    )


def _seen(table: pd.DataFrame, known: pd.Series[float]) -> BoolArray:
    return np.asarray(known.loc[table[IMAGE].tolist()].to_numpy() > 0)


def _measure(table: pd.DataFrame, seen: BoolArray, label: str, labels: Sequence[str]) -> Measure:
    scores = table[probability_column(label)].to_numpy(np.float64)
    given = table[LABEL].to_numpy(str)
    whole = {
        LABELS_BY_MODEL: rank(given == label, scores),
        LABELS_BY_READERS: rank(given == label, seen.astype(np.float64)),
        READINGS_BY_MODEL: rank(seen, scores),
    }
    parts = {name: given == name for name in labels}
    rankings = {name: rank(seen[part], scores[part]) for name, part in parts.items()}

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        found = {
            name: weighted_auc(weights_by_score(ranking, weights))
            for name, ranking in whole.items()
        }
        pairs = {
            name: ordered_pairs(weights_by_score(rankings[name], weights[:, part]))
            for name, part in parts.items()
        }
        found |= {_within(name): divide(*one) for name, one in pairs.items()}
        ordered, every = (np.sum(some, axis=0) for some in zip(*pairs.values(), strict=True))
        return {**found, WITHIN_LABELS: divide(ordered, every)}

    return measure


def _with_intervals(
    measures: Sequence[Measure], tables: Sequence[pd.DataFrame], resamples: int, seed: int
) -> dict[str, Value]:
    """Return means over tables, with intervals over patients drawn for all tables at once."""
    ends = np.cumsum([len(table) for table in tables])[:-1]

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        parts = np.split(weights, ends, axis=1)
        found = [one(part) for one, part in zip(measures, parts, strict=True)]
        return {name: np.mean([each[name] for each in found], axis=0) for name in found[0]}

    patients = [str(patient) for table in tables for patient in table[PATIENT]]
    once = measure(np.ones((1, len(patients))))
    drawn = resample(measure, patients, resamples, seed)
    alone = len(set(patients)) < 2
    return {name: _value(float(once[name][0]), drawn[name], alone=alone) for name in once}


def _value(value: float, drawn: FloatArray, *, alone: bool) -> Value:
    if np.isnan(value):
        return Value(None)
    # One patient alone gives the same resample every time, which would look like certainty.
    interval = percentile_interval(drawn)
    return Value(value) if alone else Value(value, interval.low, interval.high)


def _within(label: str) -> str:
    return f"within {label}"


def _read_label(table: pd.DataFrame, seen: BoolArray, label: str, auc: Value) -> ReadLabel:
    part = (table[LABEL] == label).to_numpy()
    return ReadLabel(
        label, int(part.sum()), table[PATIENT][part].nunique(), int(seen[part].sum()), auc
    )


def _fewest(table: pd.DataFrame, seen: BoolArray) -> int:
    """Return the patients of the smaller side, in labels that have images of both sides."""
    sides: tuple[set[str], set[str]] = (set(), set())
    for label in set(table[LABEL]):
        part = (table[LABEL] == label).to_numpy()
        if 0 < seen[part].sum() < part.sum():
            for side, mask in zip(sides, (part & seen, part & ~seen), strict=True):
                side.update(map(str, table[PATIENT][mask]))
    return min(map(len, sides))
