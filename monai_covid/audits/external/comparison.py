"""Performance inside against that outside, over the classes that both have, and its verdict.

Inside are the images of the collection that the model was not trained on; outside is a collection
of another hospital. Balanced accuracy, AUC and log loss only mean the same in both if the classes
are the same, so both are first restricted to images of the classes that both have. The difference
is outside minus inside; its interval comes from two independent bootstraps over patients, since
no patient is in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.attributes import LEAST_PATIENTS
from monai_covid.audits.groups.performance import MEAN_PROBABILITY, Measured, measured
from monai_covid.evaluation.bootstrap import percentile_interval
from monai_covid.evaluation.columns import LABEL
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Value

MARGIN = 0.05
"""A loss of up to 5 points of balanced accuracy or sensitivity is tolerated."""

BALANCED, SENSITIVITY = "balanced_accuracy", "recall"

OVERALL = (
    MetricKey("balanced_accuracy"),
    MetricKey("accuracy"),
    MetricKey("macro_auc"),
    MetricKey("log_loss"),
    MetricKey(MEAN_PROBABILITY),
)
"""Metrics of several classes; all but the first and the AUC also depend on the class mix."""


@dataclass(frozen=True)
class Compared:
    """A metric inside and outside.

    Attributes:
        key: Which metric.
        inside: Value with interval.
        outside: Value with interval.
        difference: Outside minus inside, with interval.
        patients: The smaller number of patients that it rests on, inside or outside.
    """

    key: MetricKey
    inside: Value
    outside: Value
    difference: Value
    patients: int

    @property
    def is_small(self) -> bool:
        """Whether it rests on too few patients to be judged."""
        return self.patients < LEAST_PATIENTS


@dataclass(frozen=True)
class ExternalComparison:
    """An external collection beside the internal one.

    Attributes:
        name: Of the external collection.
        classes: All C classes of the model.
        shared: Classes with images inside and outside.
        inside: All internal images.
        outside: All external images; None if none is left.
        metrics: Those that are defined over the shared classes.
        left_out_images: External images of patients who are also in the internal collection.
        left_out_patients: Those patients.
    """

    name: str
    classes: tuple[str, ...]
    shared: tuple[str, ...]
    inside: Measured
    outside: Measured | None
    metrics: tuple[Compared, ...]
    left_out_images: int
    left_out_patients: int


@dataclass(frozen=True)
class Draws:
    """How to bootstrap.

    Attributes:
        resamples: Bootstrap resamples of each side.
        seed_inside: Seed of the internal side.
        seed_outside: Another seed, so that the two are independent.
    """

    resamples: int
    seed_inside: int
    seed_outside: int


def judge(comparison: ExternalComparison) -> Verdict:
    """Judge one external collection.

    Returns:
        PROBLEM if balanced accuracy or a sensitivity fell significantly by more than MARGIN; PASSED
        if the main metric did not (its interval lies above -MARGIN: a test of non-inferiority,
        Blackwelder, Control. Clin. Trials 3:345-353, 1982); otherwise INCONCLUSIVE.
    """
    if losses(comparison):
        return Verdict.PROBLEM
    main = main_metric(comparison)
    if main is None or main.is_small or main.difference.low is None:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if main.difference.low > -MARGIN else Verdict.INCONCLUSIVE


def main_metric(comparison: ExternalComparison) -> Compared | None:
    """Return the metric that decides: balanced accuracy, or the only sensitivity."""
    for name in (BALANCED, SENSITIVITY):
        for metric in comparison.metrics:
            if metric.key.metric == name:
                return metric
    return None


def losses(comparison: ExternalComparison) -> list[Compared]:
    """Return balanced accuracy and sensitivities that fell significantly by more than MARGIN.

    A 95 % interval of the difference must end below -MARGIN. Where nothing is lost at all that
    needs an error of MARGIN more than the interval, so several metrics can be judged at 95 %.
    """
    return [
        metric
        for metric in comparison.metrics
        if metric.key.metric in (BALANCED, SENSITIVITY)
        and not metric.is_small
        and metric.difference.high is not None
        and metric.difference.high < -MARGIN
    ]


def compared_metrics(
    inside: pd.DataFrame, outside: pd.DataFrame, classes: tuple[str, ...], draws: Draws
) -> tuple[Compared, ...]:
    """Compare two predictions tables over the classes that both have.

    Args:
        inside: Internal predictions.
        outside: External predictions, of other patients.
        classes: All classes of the model.
        draws: How to bootstrap.

    Returns:
        OVERALL where at least two classes are shared, then sensitivity and mean probability of each
        shared class; nothing where none is shared.
    """
    shared = shared_classes(inside, outside, classes)
    if not shared:
        return ()
    sides = [
        measured(table[table[LABEL].isin(shared)], classes, draws.resamples, seed)
        for table, seed in ((inside, draws.seed_inside), (outside, draws.seed_outside))
    ]
    keys = list(OVERALL) if len(shared) > 1 else []
    keys += [MetricKey("recall", name) for name in shared]
    keys += [MetricKey(MEAN_PROBABILITY, name) for name in shared]
    return tuple(_compared(key, sides[0], sides[1], shared) for key in keys)


def shared_classes(
    inside: pd.DataFrame, outside: pd.DataFrame, classes: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the classes with images in both predictions tables."""
    both = set(inside[LABEL]) & set(outside[LABEL])
    return tuple(name for name in classes if name in both)


def _compared(
    key: MetricKey, inside: Measured, outside: Measured, shared: tuple[str, ...]
) -> Compared:
    drawn = percentile_interval(outside.resampled[key] - inside.resampled[key])
    gap = outside.values[key] - inside.values[key]
    counts = [_fewest_patients(side, key.label, shared) for side in (inside, outside)]
    # One patient alone gives the same resample every time, which would look like certainty.
    certain = not np.isnan(gap) and min(inside.n_patients, outside.n_patients) > 1
    return Compared(
        key,
        inside.value(*key),
        outside.value(*key),
        Value(
            None if np.isnan(gap) else gap,
            drawn.low if certain else None,
            drawn.high if certain else None,
        ),
        min(counts),
    )


def _fewest_patients(side: Measured, label: str | None, shared: tuple[str, ...]) -> int:
    """Return the patients of a class, or of the shared class that has the fewest."""
    names = shared if label is None else (label,)
    return min(side.patients_of(side.outcomes.class_names.index(name)) for name in names)
