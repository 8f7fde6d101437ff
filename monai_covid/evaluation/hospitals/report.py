"""Metrics of each hospital, of all pooled, and with hospitals weighing the same; with intervals.

Two intervals answer two questions. *Patients* are drawn within their hospitals: how much would the
figures change with other patients of these hospitals? *Hospitals* are drawn, and patients within
those: how much with other hospitals? The second is rough where hospitals are few, and left out
below ``FEWEST_HOSPITALS``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import (
    RESAMPLES,
    check_resamples,
    patient_weights,
    percentile_interval,
)
from monai_covid.evaluation.columns import PATIENT
from monai_covid.evaluation.hospitals.measures import (
    ECE,
    Values,
    equal_hospitals,
    measure_answers,
)
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import FloatArray, IntArray, outcomes_of
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.report import EvaluationReport

FEWEST_HOSPITALS = 3
"""Of fewer hospitals no interval over hospitals can be made."""

PATIENTS, IMAGES = "patient", "image"
"""What weighs the same within a hospital."""

Metrics: TypeAlias = Mapping[MetricKey, Value]


@dataclass(frozen=True)
class Hospital:
    """The answers about one hospital.

    Attributes:
        name: Its name.
        n_images: Number of images.
        n_patients: Number of patients.
        support: Images of each class.
        metrics: With intervals over its patients.
    """

    name: str
    n_images: int
    n_patients: int
    support: Mapping[str, int]
    metrics: Metrics

    @property
    def lacks(self) -> tuple[str, ...]:
        """Classes that it has no image of."""
        return tuple(label for label, count in self.support.items() if not count)


class Together(NamedTuple):
    """Metrics of all hospitals.

    Attributes:
        patients: With intervals over patients, drawn within hospitals.
        hospitals: The same with intervals over hospitals; without bounds where these are too few.
    """

    patients: Metrics
    hospitals: Metrics


@dataclass(frozen=True)
class HospitalReport:
    """The result of ``evaluate_hospitals``.

    Attributes:
        column: Column that names the hospitals.
        class_names: The classes.
        unit: What weighs the same within a hospital: patient or image.
        hospitals: The hospitals by name.
        pooled: All answers as one collection, in which large hospitals weigh more.
        equal: Hospitals weighing the same, see ``equal_hospitals``.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
    """

    column: str
    class_names: tuple[str, ...]
    unit: str
    hospitals: tuple[Hospital, ...]
    pooled: Together
    equal: Together
    resamples: int
    seed: int

    def having(self, label: str) -> list[str]:
        """Return the hospitals that have images of a class."""
        return [each.name for each in self.hospitals if each.support[label]]


def evaluate_hospitals(
    table: pd.DataFrame,
    column: str,
    class_names: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    *,
    unit: str = PATIENTS,
) -> HospitalReport:
    """Compute the metrics of each hospital and of all.

    Args:
        table: Checked predictions table with ``column``, which is filled in every row.
        column: Names the hospital of each image.
        class_names: Classes in the order in which to report them.
        resamples: Bootstrap resamples, at least 40.
        seed: Seed of the resamples.
        unit: ``patient``: the images of a patient weigh together as much as those of any other;
            ``image``: every image weighs the same.

    Raises:
        ValueError: If ``resamples`` is too small or ``unit`` is neither.
    """
    check_resamples(resamples)
    if unit not in (PATIENTS, IMAGES):
        raise ValueError(f"unit is {unit!r}; it must be {PATIENTS} or {IMAGES}")
    table = table.reset_index(drop=True)
    names, codes = np.unique(table[column].astype(str).to_numpy(), return_inverse=True)
    rows = _rows(codes)
    base = _base(table, column, unit)
    drawn = _draw(table, class_names, codes, base, draws=(resamples, seed))
    sizes = [table.loc[each, PATIENT].nunique() for each in rows]
    hospitals = tuple(
        Hospital(
            str(name),
            len(members),
            size,
            dict(zip(class_names, _support(table, class_names, members), strict=True)),
            _with_intervals(values, alone=size < 2),
        )
        for name, members, size, values in zip(names, rows, sizes, drawn.hospitals, strict=True)
    )
    few = len(names) < FEWEST_HOSPITALS
    pooled = _together(drawn.pooled, drawn.pooled_over_hospitals, few=few)
    equal = _together(
        equal_hospitals(drawn.hospitals),
        equal_hospitals(drawn.hospitals, drawn.counts),
        few=few,
    )
    return HospitalReport(
        column, tuple(class_names), unit, hospitals, pooled, equal, resamples, seed
    )


def both_weightings(report: EvaluationReport, column: str) -> tuple[HospitalReport, HospitalReport]:
    """Return the hospitals of a report, with patients and with images weighing the same.

    Args:
        report: Of all images, whose table has ``column``.
        column: Names the hospital of each image.
    """
    by_patient, by_image = (
        evaluate_hospitals(
            report.table, column, report.class_names, report.resamples, report.seed, unit=unit
        )
        for unit in (PATIENTS, IMAGES)
    )
    return by_patient, by_image


class _Drawn(NamedTuple):
    """Values of the data as they are, then of each resample.

    Attributes:
        hospitals: Of each hospital.
        pooled: Of all, patients drawn within hospitals.
        pooled_over_hospitals: Of all, hospitals drawn too.
        counts: How often each hospital was drawn, ``(1 + R, H)``.
    """

    hospitals: list[Values]
    pooled: Values
    pooled_over_hospitals: Values
    counts: IntArray


def _draw(
    table: pd.DataFrame,
    class_names: Sequence[str],
    codes: IntArray,
    base: FloatArray,
    *,
    draws: tuple[int, int],
) -> _Drawn:
    resamples, seed = draws
    rows = _rows(codes)
    every = measure_answers(outcomes_of(table, class_names))
    own = [measure_answers(outcomes_of(table.loc[each], class_names)) for each in rows]
    counts = hospital_counts(len(rows), resamples, seed)
    weights = _weights(table[PATIENT].astype(str).tolist(), codes, resamples, seed)
    hospitals: list[list[Values]] = [[] for _ in rows]
    pooled, over = [], []
    start = 0
    for block in weights:
        weighted = block * base
        taken = counts[start : start + len(block), codes]
        start += len(block)
        pooled.append(every(weighted))
        over.append(every(weighted * taken))
        for values, measure, members in zip(hospitals, own, rows, strict=True):
            values.append(measure(weighted[:, members]))
    return _Drawn([*map(_joined, hospitals)], _joined(pooled), _joined(over), counts)


def _rows(codes: IntArray) -> list[IntArray]:
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _weights(
    patients: Sequence[str], codes: IntArray, resamples: int, seed: int
) -> Iterator[FloatArray]:
    """Yield the data as they are, then blocks of resamples of patients within hospitals."""
    strata = [str(code) for code in codes]
    as_they_are = [np.ones((1, len(codes)))]
    # A block is made when its turn comes: all of them together take gigabytes of large sets.
    return chain(as_they_are, patient_weights(patients, resamples, seed, strata))


def hospital_counts(hospitals: int, resamples: int, seed: int) -> IntArray:
    """Return how often each hospital is taken: once as the data are, then as it is drawn.

    Returns:
        ``(1 + resamples, hospitals)``.
    """
    drawn = np.random.default_rng([seed, 1]).integers(hospitals, size=(resamples, hospitals))
    counts = (drawn[:, :, None] == np.arange(hospitals)).sum(axis=1)
    return np.concatenate([np.ones((1, hospitals), dtype=np.int64), counts.astype(np.int64)])


def _joined(blocks: Sequence[Values]) -> Values:
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


def _base(table: pd.DataFrame, column: str, unit: str) -> FloatArray:
    if unit == IMAGES:
        return np.ones(len(table))
    owners = [table[column].astype(str), table[PATIENT].astype(str)]
    sizes = table.groupby(owners)[PATIENT].transform("size")
    return np.asarray(1 / sizes.to_numpy(np.float64), dtype=np.float64)


def _support(table: pd.DataFrame, class_names: Sequence[str], rows: IntArray) -> list[int]:
    counts: list[int] = outcomes_of(table.loc[rows], class_names).support.tolist()
    return counts


def _together(patients: Values, hospitals: Values, *, few: bool) -> Together:
    return Together(_with_intervals(patients, alone=False), _with_intervals(hospitals, alone=few))


def _with_intervals(values: Values, *, alone: bool) -> dict[MetricKey, Value]:
    return {key: _value(key, series, alone=alone) for key, series in values.items()}


def _value(key: MetricKey, series: FloatArray, *, alone: bool) -> Value:
    value, drawn = float(series[0]), series[1:]
    if np.isnan(value):
        return Value(None)
    if alone:
        return Value(value)
    if key == ECE and not np.isnan(drawn).all():
        # Every resample adds chance of its own to the error, so its mean lies above the value.
        drawn = np.maximum(drawn - (np.nanmean(drawn) - value), 0.0)
    return Value(value, *percentile_interval(drawn)[:2])
