"""Metrics of any predictions table, and of the images of each group.

Beside the metrics of reports there are mean probabilities and shares of predicted classes, which
are defined for groups of a single class too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from monai_covid.audits.groups.attributes import LEAST_PATIENTS, Attribute
from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.columns import PATIENT
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import FloatArray, SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.ranked import divide
from monai_covid.evaluation.weighted import measure_of, weighted_confusion

MEAN_PROBABILITY = "mean_probability"

METRICS = ("accuracy", "macro_auc", MEAN_PROBABILITY)

RECALL = "recall"


@dataclass(frozen=True)
class GroupPerformance:
    """How the images of one group are classified.

    Attributes:
        attribute: Such as ``view``.
        group: Such as ``PA``.
        images: Number of images.
        patients: Number of patients.
        patients_of: Patients of each class.
        values: METRICS, with intervals.
        sensitivities: Of each class, with intervals.
    """

    attribute: str
    group: str
    images: int
    patients: int
    patients_of: dict[str, int]
    values: dict[str, Value]
    sensitivities: dict[str, Value]

    @property
    def small(self) -> tuple[str, ...]:
        """Classes of which the group has patients, but fewer than LEAST_PATIENTS."""
        return tuple(
            label for label, count in self.patients_of.items() if 0 < count < LEAST_PATIENTS
        )


def group_performances(
    table: pd.DataFrame,
    class_names: Sequence[str],
    attributes: Sequence[Attribute],
    resamples: int,
    seed: int,
) -> list[GroupPerformance]:
    """Measure every group of every attribute.

    Args:
        table: Predictions table with the images of ``attributes``, in their order.
        class_names: The C classes.
        attributes: Groups.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
    """
    return [
        _performance(
            attribute.name,
            group,
            measured(table[attribute.codes == code], class_names, resamples, seed),
        )
        for attribute in attributes
        for code, group in enumerate(attribute.groups)
    ]


def _performance(attribute: str, group: str, images: Measured) -> GroupPerformance:
    names = images.outcomes.class_names
    return GroupPerformance(
        attribute=attribute,
        group=group,
        images=len(images.patients),
        patients=images.n_patients,
        patients_of={name: images.patients_of(place) for place, name in enumerate(names)},
        values={metric: images.value(metric) for metric in METRICS},
        sensitivities={name: images.value(RECALL, name) for name in names},
    )


@dataclass(frozen=True)
class Measured:
    """A predictions table with its metrics and their bootstrap resamples.

    Beside the metrics of ``evaluation.weighted`` there are ``mean_probability`` (of the true class,
    of all images and of those of a class) and ``called_NAME`` (share of a class's images that are
    predicted as NAME).

    Attributes:
        outcomes: The N rows as arrays.
        patients: Patient of each row, ``(N,)`` str.
        values: Each metric; NaN where it is not defined.
        resampled: R bootstrap values of each metric.
    """

    outcomes: SingleLabelOutcomes
    patients: tuple[str, ...]
    values: dict[MetricKey, float]
    resampled: dict[MetricKey, FloatArray]

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return len(set(self.patients))

    def patients_of(self, position: int) -> int:
        """Return the number of patients with images of the class at ``position``."""
        pairs = zip(self.patients, self.outcomes.true.tolist(), strict=True)
        return len({patient for patient, true in pairs if true == position})

    def value(self, metric: str, label: str | None = None) -> Value:
        """Return a metric with its 95 % interval; none for a single patient."""
        key = MetricKey(metric, label)
        if np.isnan(self.values[key]):
            return Value(None)
        if self.n_patients < 2:
            return Value(self.values[key])
        interval = percentile_interval(self.resampled[key])
        return Value(self.values[key], interval.low, interval.high)


def single_label_outcomes(table: pd.DataFrame, class_names: Sequence[str]) -> SingleLabelOutcomes:
    """Return the rows of a single-label predictions table as arrays.

    Raises:
        ValueError: If the table is multi-label, which has no accuracy to compare.
    """
    outcomes = outcomes_of(table, class_names)
    if not isinstance(outcomes, SingleLabelOutcomes):
        raise ValueError("this audit needs one true class per image; the table is multi-label")
    return outcomes


def measured(
    table: pd.DataFrame, class_names: Sequence[str], resamples: int, seed: int
) -> Measured:
    """Measure a predictions table and bootstrap its patients.

    Args:
        table: At least one row of a single-label predictions table (see ``evaluation.columns``).
        class_names: The C classes.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
    """
    outcomes = single_label_outcomes(table, class_names)
    patients = tuple(table[PATIENT].astype(str))
    measure = _measure(outcomes)
    once = measure(np.ones((1, len(patients))))
    values = {key: float(value[0]) for key, value in once.items()}
    return Measured(outcomes, patients, values, resample(measure, patients, resamples, seed))


def _measure(
    outcomes: SingleLabelOutcomes,
) -> Callable[[FloatArray], dict[MetricKey, FloatArray]]:
    return partial(_metrics, outcomes, measure_of(outcomes))


def _metrics(
    outcomes: SingleLabelOutcomes,
    usual: Callable[[FloatArray], dict[MetricKey, FloatArray]],
    weights: FloatArray,
) -> dict[MetricKey, FloatArray]:
    chosen = outcomes.probabilities[np.arange(len(outcomes.true)), outcomes.true]
    confusion = weighted_confusion(outcomes, weights)
    support = confusion.sum(axis=2)
    metrics = usual(weights)
    metrics[MetricKey(MEAN_PROBABILITY)] = divide(weights @ chosen, weights.sum(axis=1))
    by_class = weights @ (outcomes.positives * chosen[:, None])
    for position, label in enumerate(outcomes.class_names):
        metrics[MetricKey(MEAN_PROBABILITY, label)] = divide(
            by_class[:, position], support[:, position]
        )
        for call, name in enumerate(outcomes.class_names):
            metrics[MetricKey(called(name), label)] = divide(
                confusion[:, position, call], support[:, position]
            )
    return metrics


def called(name: str) -> str:
    """Return the metric for the share of a class's images that is predicted as ``name``."""
    return f"called_{name}"
