"""Paired comparison of two classifiers on the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.bootstrap import (
    RESAMPLES,
    check_resamples,
    percentile_interval,
    resample,
)
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, is_multi_label, target_column
from monai_covid.evaluation.metrics import MetricKey, point_metrics
from monai_covid.evaluation.outcomes import FloatArray, Outcomes, SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.prediction_checks import check_predictions
from monai_covid.evaluation.predictions import with_prediction
from monai_covid.evaluation.weighted import measure_of

COMPARED = ("accuracy", "balanced_accuracy", "macro_auc", "auc")

NAMED_AT_MOST = 5

Sources = tuple[Path | str, Path | str]


@dataclass(frozen=True)
class Difference:
    """One metric of both classifiers.

    Attributes:
        metric: Name such as ``macro_auc``.
        label: Class, None for a metric of the whole table.
        first: Value of the first classifier; None when not defined.
        second: Value of the second.
        difference: Second minus first.
        low: Lower bound of the 95 % interval of the difference; None when there is none.
        high: Upper bound.
        p_value: Two-sided bootstrap p-value of "no difference"; None when there is no interval.
        resamples_used: Resamples in which the difference was defined.
    """

    metric: str
    label: str | None
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    resamples_used: int


@dataclass(frozen=True)
class McNemarTest:
    """Exact McNemar test on the images that only one classifier got right.

    It assumes independent images, so with several images per patient its p-value is too small; the
    bootstrap over patients is not affected.

    Attributes:
        only_first_right: Images.
        only_second_right: Images.
        p_value: Two-sided exact binomial p-value (McNemar, Psychometrika 12:153-157, 1947).
    """

    only_first_right: int
    only_second_right: int
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """The result of ``compare_tables``.

    Attributes:
        differences: Accuracy and AUC of both and their difference.
        mcnemar: None for multi-label tables.
        n_images: Images that both classified.
        n_patients: Patients of those images.
        resamples: Bootstrap resamples drawn.
        seed: Seed of the resamples.
    """

    differences: tuple[Difference, ...]
    mcnemar: McNemarTest | None
    n_images: int
    n_patients: int
    resamples: int
    seed: int


def compare_tables(
    first: pd.DataFrame,
    second: pd.DataFrame,
    class_names: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    *,
    sources: Sources = ("first table", "second table"),
) -> Comparison:
    """Compare two predictions tables of the same images, in any order of rows.

    Both classifiers are measured on the same resampled patients, so what makes a patient hard for
    both cancels out.

    Args:
        first: Predictions of the reference.
        second: Predictions of the other.
        class_names: Classes.
        resamples: Bootstrap resamples, at least 40.
        seed: Seed of the resamples.
        sources: Files that the tables came from, for error messages.

    Returns:
        Differences, second minus first.

    Raises:
        InputError: If a table cannot be used or the images, patients or true classes differ.
        ValueError: If ``resamples`` is too small.
    """
    check_resamples(resamples)
    for table, source in zip((first, second), sources, strict=True):
        check_predictions(table, class_names, source)
    first, second = paired(first, second, class_names, sources)
    before = outcomes_of(with_prediction(first, class_names), class_names)
    after = outcomes_of(with_prediction(second, class_names), class_names)
    patients = first[PATIENT].astype(str).tolist()
    measure = _difference_measure(before, after)
    resampled = resample(measure, patients, resamples, seed)
    values = point_metrics(before), point_metrics(after)
    n_patients = len(set(patients))
    return Comparison(
        differences=tuple(
            _difference(key, values[0][key], values[1][key], resampled[key], n_patients)
            for key in values[0]
            if key.metric in COMPARED
        ),
        mcnemar=mcnemar_test(before, after),
        n_images=first[IMAGE].nunique(),
        n_patients=n_patients,
        resamples=resamples,
        seed=seed,
    )


def mcnemar_test(first: Outcomes, second: Outcomes) -> McNemarTest | None:
    """Return the exact McNemar test of two classifiers on the same rows; None for multi-label."""
    if not isinstance(first, SingleLabelOutcomes) or not isinstance(second, SingleLabelOutcomes):
        return None
    right_before = first.predicted == first.true
    right_after = second.predicted == second.true
    lost = int((right_before & ~right_after).sum())
    won = int((right_after & ~right_before).sum())
    p_value = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
    return McNemarTest(lost, won, p_value)


def bootstrap_p_value(differences: FloatArray) -> float:
    """Return the two-sided p-value of "no difference" from resampled differences.

    Twice the smaller share of resamples at or beyond zero, with one added to numerator and
    denominator so that it is never 0 (Davison & Hinkley, Bootstrap Methods, 1997, ch. 4).

    Args:
        differences: ``(R,)`` without NaN.
    """
    smaller = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (1 + smaller) / (1 + len(differences))))


def _difference_measure(
    before: Outcomes, after: Outcomes
) -> Callable[[FloatArray], dict[MetricKey, FloatArray]]:
    first, second = measure_of(before), measure_of(after)

    def measure(weights: FloatArray) -> dict[MetricKey, FloatArray]:
        old, new = first(weights), second(weights)
        return {key: new[key] - old[key] for key in old if key.metric in COMPARED}

    return measure


def _difference(
    key: MetricKey, first: float, second: float, resampled: FloatArray, n_patients: int
) -> Difference:
    interval = percentile_interval(resampled)
    defined = not (np.isnan(first) or np.isnan(second))
    # One patient gives the same resample every time, which would look like certainty.
    has_interval = defined and n_patients > 1 and interval.low is not None
    return Difference(
        metric=key.metric,
        label=key.label,
        first=None if np.isnan(first) else first,
        second=None if np.isnan(second) else second,
        difference=second - first if defined else None,
        low=interval.low if has_interval else None,
        high=interval.high if has_interval else None,
        p_value=bootstrap_p_value(resampled[~np.isnan(resampled)]) if has_interval else None,
        resamples_used=interval.resamples_used,
    )


def paired(
    first: pd.DataFrame, second: pd.DataFrame, class_names: Sequence[str], sources: Sources
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with their rows sorted by image.

    Args:
        first: Checked predictions table.
        second: Checked predictions table.
        class_names: Classes of both.
        sources: Where the tables came from, for the message.

    Returns:
        The tables; row i of both is the same image of the same patient with the same truth.

    Raises:
        InputError: If images, patients or truth differ; the message names some.
    """
    problems = list(_image_problems(first, second, sources))
    if is_multi_label(first) != is_multi_label(second):
        message = "one table is single-label and the other multi-label"
        problems.append(Problem(sources[1], None, message))
    if problems:
        raise InputError(problems)
    first = first.sort_values(IMAGE, kind="stable").reset_index(drop=True)
    second = second.sort_values(IMAGE, kind="stable").reset_index(drop=True)
    problems = list(_truth_problems(first, second, class_names, sources))
    if problems:
        raise InputError(problems)
    return first, second


def _image_problems(
    first: pd.DataFrame, second: pd.DataFrame, sources: Sources
) -> Iterator[Problem]:
    images = set(first[IMAGE]), set(second[IMAGE])
    for here, there in ((0, 1), (1, 0)):
        missing = sorted(map(str, images[here] - images[there]))
        if missing:
            message = f"{len(missing)} images of {sources[here]} are missing: {_some(missing)}"
            yield Problem(sources[there], None, message)


def _truth_problems(
    first: pd.DataFrame, second: pd.DataFrame, class_names: Sequence[str], sources: Sources
) -> Iterator[Problem]:
    multi_label = is_multi_label(first)
    truth = [target_column(name) for name in class_names] if multi_label else [LABEL]
    for column in (PATIENT, *truth):
        differs = first[column] != second[column]
        if differs.any():
            images = [str(image) for image in first.loc[differs, IMAGE]]
            message = f"{column} differs from {sources[0]} for {len(images)}: {_some(images)}"
            yield Problem(sources[1], None, message)


def _some(names: Sequence[str]) -> str:
    first = ", ".join(names[:NAMED_AT_MOST])
    return f"{first}, …" if len(names) > NAMED_AT_MOST else first
