"""Tests of paired differences: sign flips, and t with its correction for shared training images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monai_covid.evaluation.bootstrap import LEVEL

EXACT_AT_MOST = 16
"""Pairs up to which all sign flips are counted out."""

RESAMPLES = 10_000
ROUNDING = 1e-12


class SignFlip(NamedTuple):
    """What a sign-flip test found.

    Attributes:
        p_value: Two-sided.
        test: What was done, in words.
    """

    p_value: float
    test: str


class TInterval(NamedTuple):
    """A t interval of a mean difference.

    Attributes:
        low: Lower bound of the 95 % interval; None for fewer than two pairs.
        high: Upper bound.
        p_value: Two-sided p-value of the t test.
    """

    low: float | None
    high: float | None
    p_value: float | None


def sign_flip_test(differences: Sequence[float], seed: int = 0) -> SignFlip:
    """Test whether paired differences are as likely to be positive as negative.

    Under the null hypothesis each difference has either sign with the same probability (Fisher,
    The Design of Experiments, 1935). The statistic is the absolute mean. Up to 16 pairs all sign
    flips are counted; the smallest p-value that n pairs can give is 2 / 2^n. With more pairs signs
    are drawn, and p = (1 + as extreme) / (1 + drawn) (Phipson & Smyth, Stat. Appl. Genet. Mol.
    Biol. 9:39, 2010).

    Args:
        differences: At least one.
        seed: Of the drawn signs.
    """
    values = np.asarray(differences, dtype=np.float64)
    exact = len(values) <= EXACT_AT_MOST
    signs = _all_signs(len(values)) if exact else _drawn_signs(len(values), seed)
    flipped, observed = np.abs(signs @ values), abs(float(values.sum()))
    extreme = int((flipped >= observed - ROUNDING * max(1.0, observed)).sum())
    if exact:
        return SignFlip(extreme / len(signs), "paired sign-flip permutation, exact")
    p_value = (1 + extreme) / (1 + len(signs))
    return SignFlip(p_value, f"paired sign-flip permutation, {RESAMPLES} resamples")


def t_interval(differences: Sequence[float], shared: float = 0.0) -> TInterval:
    """Return the t interval of a mean difference.

    With ``shared`` the variance of the mean is that of Nadeau & Bengio (Machine Learning
    52:239-281, 2003), s^2 (1/n + n_test / n_train), since differences of folds whose training
    images overlap are not independent; for several seeds see Bouckaert & Frank (PAKDD 2004).

    Args:
        differences: n paired differences.
        shared: Test images over training images; 0 for independent pairs.
    """
    count = len(differences)
    if count < 2:
        return TInterval(None, None, None)
    mean, spread = float(np.mean(differences)), float(np.std(differences, ddof=1))
    error = spread * float(np.sqrt(1 / count + shared))
    if error <= ROUNDING:
        return TInterval(mean, mean, None)
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, count - 1))
    return TInterval(mean - half, mean + half, p_value)


def _all_signs(count: int) -> NDArray[np.float64]:
    numbers = np.arange(2**count)[:, None]
    return np.where((numbers >> np.arange(count)) & 1, -1.0, 1.0)


def _drawn_signs(count: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(RESAMPLES, count))
