"""Holm's correction for several tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Correct p-values so that 5 % is the chance of any false alarm among them.

    Source: Holm, Scand. J. Statist. 6:65-70, 1979.

    Args:
        p_values: m p-values in [0, 1].

    Returns:
        Corrected p-values, and the factor from m (for the smallest) to 1 (for the largest) that
        each was multiplied by, in the order given.
    """
    order = np.argsort(p_values, kind="stable").tolist()
    corrected, factors = [0.0] * len(order), [0] * len(order)
    reached = 0.0
    for place, index in enumerate(order):
        factors[index] = len(order) - place
        reached = max(reached, min(1.0, factors[index] * p_values[index]))
        corrected[index] = reached
    return corrected, factors
