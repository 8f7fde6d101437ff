"""Predictions tables that say at which temperature their probabilities were made.

The column ``temperature`` is optional; a table without it comes from a network that was not
calibrated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.calibration.logits import logits_of, probabilities_at
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import class_names_in, is_multi_label, probability_column
from monai_covid.evaluation.outcomes import FloatArray, outcomes_of

TEMPERATURE = "temperature"


def with_temperature(table: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """Return the table with the temperature noted, unless it is that of every network, 1."""
    return table if temperature == 1 else table.assign(**{TEMPERATURE: temperature})


def temperature_of(table: pd.DataFrame, source: Path | str) -> float | None:
    """Return the temperature that the probabilities of ``table`` were made at; None: not told.

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
    found = np.unique(values)
    if len(found) > 1:
        listed = ", ".join(f"{value:g}" for value in found[:5])
        message = f"{TEMPERATURE} is {listed}: predictions of several models; give those of one"
        raise InputError([Problem(source, None, message)])
    return float(found[0])


def uncalibrated_logits(table: pd.DataFrame, temperature: float) -> FloatArray:
    """Return the logits ``(N, C)`` as the network gave them, up to a constant of each row.

    Args:
        table: Checked predictions table.
        temperature: What its probabilities were made at.

    Raises:
        ValueError: If all probabilities are 0 or 1.
    """
    outcomes = outcomes_of(table, class_names_in(table))
    many = is_multi_label(table)
    return temperature * logits_of(outcomes.probabilities, multilabel=many)


def table_at(table: pd.DataFrame, logits: FloatArray, temperature: float) -> pd.DataFrame:
    """Return the table with the probabilities of ``logits`` at ``temperature``."""
    columns = [probability_column(name) for name in class_names_in(table)]
    values = probabilities_at(logits, temperature, multilabel=is_multi_label(table))
    renewed = table.assign(**dict(zip(columns, values.T, strict=True)))
    return with_temperature(renewed.drop(columns=TEMPERATURE, errors="ignore"), temperature)
