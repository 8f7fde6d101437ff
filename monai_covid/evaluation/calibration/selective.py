"""What is gained by leaving the unsure images to people: accuracy against coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from monai_covid.evaluation.bootstrap import patient_weights, percentile_interval
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray
from monai_covid.evaluation.pages.tables import Value

COVERAGES = (0.5, 0.7, 0.9, 1.0)


class RiskCoverage(NamedTuple):
    """The share of errors among the images that are answered, the surest first.

    Attributes:
        coverage: Share of images answered, ``(N,)``: 1/N to 1.
        risk: Share of errors among them, ``(N,)``. Images that are equally unsure share their
            errors, so that their order does not matter.
    """

    coverage: FloatArray
    risk: FloatArray

    @property
    def area(self) -> float:
        """Mean risk over all coverages (AURC; Geifman & El-Yaniv, NeurIPS 2017): less is better."""
        return float(self.risk.mean())

    def accuracy_at(self, coverage: float) -> float:
        """Return the accuracy where the surest ``coverage`` of the images is answered.

        Raises:
            ValueError: If the coverage is not in (0, 1].
        """
        if not 0 < coverage <= 1:
            raise ValueError(f"coverage is {coverage!r}, must be in (0, 1]")
        # 0.7 * 10 is 7.000000000000001, which is 7 images.
        answered = int(np.ceil(coverage * len(self.risk) - 1e-9))
        return float(1 - self.risk[max(answered, 1) - 1])


def risk_coverage(unsure: FloatArray, correct: BoolArray) -> RiskCoverage:
    """Return the risk-coverage curve of N images.

    Args:
        unsure: Uncertainty of each image, ``(N,)``.
        correct: Whether its prediction is right, ``(N,)``.

    Raises:
        ValueError: If shapes differ, there are no images, or an uncertainty is not a number.
    """
    if unsure.shape != correct.shape or unsure.ndim != 1 or not len(unsure):
        raise ValueError(f"uncertainties {unsure.shape} and outcomes {correct.shape} must be (N,)")
    if np.isnan(unsure).any():
        raise ValueError("uncertainties must be numbers")
    order = np.argsort(unsure, kind="stable")
    return _curve(_tied(unsure[order]), ~correct[order])


def selective_accuracy(unsure: FloatArray, correct: BoolArray, coverage: float) -> float:
    """Return the accuracy on the surest ``coverage`` of the images."""
    return risk_coverage(unsure, correct).accuracy_at(coverage)


class UncertaintyRow(NamedTuple):
    """How well one measure puts errors last.

    Attributes:
        measure: Its name.
        area: Area under the risk-coverage curve, with 95 % interval over patients.
        difference: Its area less that of the first measure, with interval; the first has none.
        accuracy: Accuracy at each of the coverages, with interval.
    """

    measure: str
    area: Value
    difference: Value
    accuracy: Mapping[float, Value]


def compare_uncertainties(
    measures: Mapping[str, FloatArray],
    correct: Mapping[str, BoolArray],
    patients: Sequence[str],
    *,
    coverages: Sequence[float] = COVERAGES,
    resamples: int = 2000,
    seed: int = 0,
) -> list[UncertaintyRow]:
    """Compare measures of uncertainty on the same images.

    Args:
        measures: Uncertainty of each image ``(N,)`` by name.
        correct: Whether the predictions that a measure belongs to are right, ``(N,)`` by name.
        patients: Patient of each image.
        coverages: Shares in (0, 1].
        resamples: Bootstrap resamples over patients.
        seed: Seed of the draws; all measures are resampled alike.
    """
    points, drawn = {}, {}
    for name, unsure in measures.items():
        points[name] = np.array(_numbers(risk_coverage(unsure, correct[name]), coverages))
        drawn[name] = _resampled(unsure, correct[name], patients, coverages, (resamples, seed))
    first = next(iter(measures))
    rows = []
    for name, values in points.items():
        each = [_value(v, d) for v, d in zip(values, drawn[name].T, strict=True)]
        change = _value(values[0] - points[first][0], drawn[name][:, 0] - drawn[first][:, 0])
        accuracy = dict(zip(coverages, each[1:], strict=True))
        rows.append(
            UncertaintyRow(name, each[0], Value(None) if name == first else change, accuracy)
        )
    return rows


def _value(value: float, drawn: FloatArray) -> Value:
    return Value(float(value), *percentile_interval(drawn)[:2])


def _numbers(curve: RiskCoverage, coverages: Sequence[float]) -> list[float]:
    return [curve.area, *map(curve.accuracy_at, coverages)]


def _resampled(
    unsure: FloatArray,
    correct: BoolArray,
    patients: Sequence[str],
    coverages: Sequence[float],
    draws: tuple[int, int],
) -> FloatArray:
    """Return area and accuracies of every resample, ``(R, 1 + coverages)``."""
    order = np.argsort(unsure, kind="stable")
    tied, wrong = _tied(unsure[order]), ~correct[order]
    found = []
    for block in patient_weights(patients, *draws):
        for weights in block[:, order].astype(np.int64):
            rows = np.repeat(np.arange(len(order)), weights)
            found.append(_numbers(_curve(tied[rows], wrong[rows]), coverages))
    return np.array(found)


def _tied(ordered: FloatArray) -> IntArray:
    """Return the group of equal values of each row of an ascending array."""
    return np.asarray(np.cumsum(np.diff(ordered, prepend=ordered[:1]) > 0), dtype=np.int64)


def _curve(groups: IntArray, wrong: BoolArray) -> RiskCoverage:
    sizes = np.bincount(groups)
    shared = np.bincount(groups, weights=wrong) / np.maximum(sizes, 1)
    answered = np.arange(1, len(groups) + 1)
    return RiskCoverage(answered / len(groups), np.cumsum(shared[groups]) / answered)
