"""What is measured in each hospital, for many weightings of its images at once.

Beside the usual metrics: the calibration error of the predicted class, and how often the network is
wrong although it gives its answer a probability of ``CONFIDENT`` or more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from monai_covid.evaluation.calibration.reliability import (
    bin_sums,
    bins_for,
    equal_mass_bins,
    expected_error,
)
from monai_covid.evaluation.calibration.scores import top_label
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import (
    BoolArray,
    FloatArray,
    IntArray,
    Outcomes,
    SingleLabelOutcomes,
)
from monai_covid.evaluation.ranked import divide
from monai_covid.evaluation.weighted import measure_of

CONFIDENT = 0.9
"""Probability of the predicted class from which an answer is a confident one."""

ROUNDING = 1e-9

ACCURACY, BALANCED = MetricKey("accuracy"), MetricKey("balanced_accuracy")
ECE = MetricKey("ece")
CONFIDENT_ERRORS = MetricKey("confident_errors")
ERRORS_WHEN_CONFIDENT = MetricKey("errors_when_confident")

KEPT = ("accuracy", "balanced_accuracy", "macro_auc", "log_loss", "recall", "auc")
"""Of the metrics of every report."""

Values: TypeAlias = dict[MetricKey, FloatArray]
Measure: TypeAlias = Callable[[FloatArray], Values]


def measure_answers(outcomes: Outcomes) -> Measure:
    """Prepare the metrics for weightings ``(R, N)`` of the rows of ``outcomes``.

    Accuracies, AUCs and sensitivities as everywhere; ``ece`` of the predicted class, in bins of
    equal mass; ``confident_errors``, the share of all images that are wrong at ``CONFIDENT`` or
    more; ``errors_when_confident``, the share of wrong ones among those answers. Of labels that can
    hold at once: AUCs, and the mean calibration error of the labels.

    Args:
        outcomes: N rows.
    """
    usual = measure_of(outcomes)
    if isinstance(outcomes, SingleLabelOutcomes):
        calibration, confident = _calibration([top_label(outcomes)]), _confident(outcomes)
    else:
        calibration, confident = _calibration(_columns(outcomes)), None

    def measure(weights: FloatArray) -> Values:
        values = {key: value for key, value in usual(weights).items() if key.metric in KEPT}
        values[ECE] = calibration(weights)
        return values | (confident(weights) if confident else {})

    return measure


def _columns(outcomes: Outcomes) -> list[tuple[FloatArray, BoolArray]]:
    return list(zip(outcomes.probabilities.T, outcomes.positives.T, strict=True))


def _calibration(
    columns: Sequence[tuple[FloatArray, BoolArray]],
) -> Callable[[FloatArray], FloatArray]:
    cuts = [equal_mass_bins(scores, bins_for(len(scores))) for scores, _ in columns]

    def measure(weights: FloatArray) -> FloatArray:
        errors = [
            expected_error(bin_sums(*column, cut, weights))
            for column, cut in zip(columns, cuts, strict=True)
        ]
        return np.asarray(np.mean(errors, axis=0), dtype=np.float64)

    return measure


def _confident(outcomes: SingleLabelOutcomes) -> Measure:
    confidence, right = top_label(outcomes)
    sure = confidence >= CONFIDENT - ROUNDING
    wrong = sure & ~right

    def measure(weights: FloatArray) -> Values:
        errors = weights @ wrong.astype(float)
        return {
            CONFIDENT_ERRORS: divide(errors, weights.sum(axis=1)),
            ERRORS_WHEN_CONFIDENT: divide(errors, weights @ sure.astype(float)),
        }

    return measure


def equal_hospitals(values: Sequence[Values], counts: IntArray | None = None) -> Values:
    """Return each metric with hospitals weighing the same: its mean over those that define it.

    The balanced accuracy is the mean over classes of these mean sensitivities, so that each class
    weighs the same however many hospitals have it.

    Args:
        values: Of each of the H hospitals, R values of each metric; the first is that of the data
            as they are, which tells whether a hospital defines the metric at all.
        counts: How often each hospital is taken, ``(R, H)``; None: once.
    """
    shape = (len(next(iter(values[0].values()))), len(values))
    taken = np.ones(shape) if counts is None else counts.astype(np.float64)
    means = {key: _mean_of_defined([each[key] for each in values], taken) for key in values[0]}
    recalls = [mean for key, mean in means.items() if key.metric == "recall"]
    defined = [mean for mean in recalls if not np.isnan(mean[0])]
    if BALANCED in means and defined:
        means[BALANCED] = np.mean(defined, axis=0)
    return means


def _mean_of_defined(values: Sequence[FloatArray], taken: FloatArray) -> FloatArray:
    stacked = np.column_stack(values)
    defines = ~np.isnan(stacked[0])
    stacked, taken = stacked[:, defines], taken[:, defines]
    # A hospital that is not taken does not matter, even where its resample lost the class.
    summed = np.where(taken > 0, stacked * taken, 0.0).sum(axis=1)
    return divide(summed, taken.sum(axis=1))
