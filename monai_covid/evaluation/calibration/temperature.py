"""Temperature scaling of logits, and of predictions tables.

Guo, Pleiss, Sun & Weinberger, *On calibration of modern neural networks*, ICML 2017. Multi-label
networks get a single temperature as well: one for each label would rest on the few cases of rare
labels, and would change which label of an image is the most probable.

The column ``temperature`` of a predictions table is optional; a table without it comes from a
network that was not calibrated.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, log_softmax, logit, softmax

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import class_names_in, is_multi_label, probability_column
from monai_covid.evaluation.outcomes import FloatArray, outcomes_of

LOWEST, HIGHEST = 0.05, 20.0
"""Of the search; the data do not determine a temperature beyond."""

TEMPERATURE = "temperature"


class TemperatureFit(NamedTuple):
    """The temperature of the least log loss.

    Attributes:
        temperature: In [``LOWEST``, ``HIGHEST``].
        before: Mean log loss at temperature 1, in nats.
        after: Mean log loss at the temperature.
        at_limit: Whether the least log loss lies outside of the range: without any error a lower
            temperature is always better, with uninformative predictions a higher one.
    """

    temperature: float
    before: float
    after: float
    at_limit: bool


def fit_temperature(
    logits: FloatArray, targets: FloatArray, *, multilabel: bool = False
) -> TemperatureFit:
    """Find the temperature of the least log loss.

    The log loss is convex in the reciprocal of the temperature, so its slope has one zero at most,
    and bracketing finds it from any start.

    Args:
        logits: ``(N, C)`` of validation images; log probabilities do as well.
        targets: ``(N, C)`` of 0 and 1; one 1 in a row unless ``multilabel``.
        multilabel: Sigmoid of each logit, or softmax over the classes.

    Raises:
        ValueError: If shapes differ, or a logit is not finite.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets, np.float64)
    if logits.ndim != 2 or logits.shape != targets.shape or not len(logits):
        raise ValueError(f"logits {logits.shape} and targets {targets.shape} must both be (N, C)")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite numbers")
    ends = [_slope(np.log(end), logits, targets, multilabel) for end in (LOWEST, HIGHEST)]
    # The slope against the reciprocal falls as the temperature rises.
    inside = ends[0] > 0 > ends[1]
    if inside:
        arguments = (logits, targets, multilabel)
        best = float(np.exp(brentq(_slope, np.log(LOWEST), np.log(HIGHEST), args=arguments)))
    else:
        best = LOWEST if ends[0] <= 0 else HIGHEST
    before, after = (
        log_loss_of(logits, targets, temperature, multilabel=multilabel)
        for temperature in (1.0, best)
    )
    return TemperatureFit(best, before, after, not inside)


def _slope(
    log_temperature: float, logits: FloatArray, targets: FloatArray, multilabel: bool
) -> float:
    """Return the derivative of the log loss by the reciprocal of the temperature."""
    temperature = float(np.exp(log_temperature))
    probabilities = probabilities_at(logits, temperature, multilabel=multilabel)
    return float(np.mean((probabilities - targets) * logits))


def logits_of(probabilities: FloatArray, *, multilabel: bool) -> FloatArray:
    """Return logits that give ``probabilities`` at temperature 1.

    For mutually exclusive classes they are log probabilities: the network's logits up to a constant
    of each row, which no probability depends on. A stored 0 only means that the value is below the
    precision of the file, so it is replaced by half of the smallest other value; for independent
    labels the same holds for 1.

    Args:
        probabilities: ``(N, C)`` in [0, 1].
        multilabel: Whether columns are independent labels (True), or rows sum to 1.

    Raises:
        ValueError: If all values are 0 or 1: the logits are lost then.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    inner = values[(values > 0) & (values < 1)]
    if not len(inner):
        raise ValueError("all probabilities are 0 or 1, so nothing is left of the logits")
    if multilabel:
        floor = min(float(inner.min()), float((1 - inner).min())) / 2
        return np.asarray(logit(np.clip(values, floor, 1 - floor)), dtype=np.float64)
    return np.asarray(np.log(np.maximum(values, inner.min() / 2)), dtype=np.float64)


def probabilities_at(
    logits: FloatArray, temperature: FloatArray | float, *, multilabel: bool
) -> FloatArray:
    """Return the probabilities ``(N, C)`` of logits ``(N, C)`` divided by ``temperature``."""
    scaled = logits / temperature
    result = expit(scaled) if multilabel else softmax(scaled, axis=1)
    return np.asarray(result, dtype=np.float64)


def log_loss_of(
    logits: FloatArray, targets: FloatArray, temperature: float = 1.0, *, multilabel: bool
) -> float:
    """Return the mean log loss in nats; for independent labels the mean over labels as well.

    Computed from logits, so that confident mistakes are not cut off by rounding.

    Args:
        logits: ``(N, C)``.
        targets: ``(N, C)`` of 0 and 1; one 1 in a row unless ``multilabel``.
        temperature: What the logits are divided by.
        multilabel: Sigmoid of each logit, or softmax.
    """
    scaled = logits / temperature
    if multilabel:
        return float(np.mean(np.logaddexp(0.0, scaled) - targets * scaled))
    return float(-np.mean((targets * log_softmax(scaled, axis=1)).sum(axis=1)))


def with_temperature(table: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """Return the table with the temperature noted, unless it is that of every network, 1."""
    return table if temperature == 1 else table.assign(**{TEMPERATURE: temperature})


def temperature_of(table: pd.DataFrame, source: Path | str) -> float | None:
    """Return the temperature that the probabilities of ``table`` were made at; None: not stated.

    Raises:
        InputError: If rows differ, or a value is not above 0.
    """
    if TEMPERATURE not in table.columns:
        return None
    values = pd.to_numeric(table[TEMPERATURE], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        raise InputError(
            [
                Problem(
                    source,
                    row + 2,
                    f"{TEMPERATURE} is {table[TEMPERATURE].iloc[row]!r}, must be a number above 0",
                )
                for row in wrong.tolist()
            ]
        )
    distinct = np.unique(values)
    if len(distinct) > 1:
        listed = ", ".join(f"{value:g}" for value in distinct[:5])
        message = f"{TEMPERATURE} is {listed}: predictions of several models; give those of one"
        raise InputError([Problem(source, None, message)])
    return float(distinct[0])


def uncalibrated_logits(table: pd.DataFrame, temperature: float) -> FloatArray:
    """Return the logits ``(N, C)`` as the network gave them, up to a constant of each row.

    Args:
        table: Checked predictions table.
        temperature: What its probabilities were made at.

    Raises:
        ValueError: If all probabilities are 0 or 1.
    """
    outcomes = outcomes_of(table, class_names_in(table))
    return temperature * logits_of(outcomes.probabilities, multilabel=is_multi_label(table))


def table_at(table: pd.DataFrame, logits: FloatArray, temperature: float) -> pd.DataFrame:
    """Return the table with the probabilities of ``logits`` at ``temperature``."""
    values = probabilities_at(logits, temperature, multilabel=is_multi_label(table))
    return with_temperature(table_with(table, values), temperature)


def table_with(table: pd.DataFrame, probabilities: FloatArray) -> pd.DataFrame:
    """Return the table with other probabilities ``(N, C)``, and no temperature."""
    columns = [probability_column(name) for name in class_names_in(table)]
    renewed = table.assign(**dict(zip(columns, probabilities.T, strict=True)))
    return renewed.drop(columns=TEMPERATURE, errors="ignore")
