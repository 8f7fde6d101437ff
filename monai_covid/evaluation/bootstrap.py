"""Percentile bootstrap over patients.

Images of one patient are not independent, so patients are drawn, with replacement, and each brings
all of its images (cluster bootstrap; Field & Welsh, J. R. Statist. Soc. B 69:369-390, 2007). By
default patients are drawn without regard to class, as in a new sample of the same population, so
class proportions vary between resamples. ``strata`` draws within groups instead, for collections
whose class proportions were fixed beforehand.

The interval runs between the 2.5th and 97.5th percentile of the resampled values. It cannot reach
beyond values that can occur in a resample: a classifier without errors gets [1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from monai_covid.evaluation.outcomes import FloatArray, IntArray

RESAMPLES = 2000
LEVEL = 0.95
NUMBERS_AT_ONCE = 100_000
"""Size of a block of weights: 0.8 MB, so that the working copies stay in the cache."""

Key = TypeVar("Key")


class Interval(NamedTuple):
    """A confidence interval.

    Attributes:
        low: Lower bound, None when there is no interval.
        high: Upper bound, None when there is no interval.
        resamples_used: Resamples in which the metric was defined.
    """

    low: float | None
    high: float | None
    resamples_used: int


def patient_weights(
    patient_ids: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    strata: Sequence[str] | None = None,
) -> Iterator[FloatArray]:
    """Yield blocks of resamples as weights: how often the patient of each row was drawn.

    Args:
        patient_ids: Patient of each of the N rows. Their order does not change what is drawn.
        resamples: R.
        seed: Seed of the draws.
        strata: Group of each row; patients are drawn within groups. A patient in several groups is
            in the group of that combination.

    Yields:
        ``(r, N)`` blocks of whole numbers, R rows in all. Each row adds up to about N.
    """
    patients, codes = np.unique(np.asarray(patient_ids, dtype=str), return_inverse=True)
    groups = _patient_groups(codes, len(patients), strata)
    generator = np.random.default_rng(seed)
    block = max(1, NUMBERS_AT_ONCE // len(codes))
    for start in range(0, resamples, block):
        counts = np.zeros((min(block, resamples - start), len(patients)))
        for members in groups:
            counts[:, members] = _draw(generator, len(counts), len(members))
        yield counts[:, codes]


def resample(
    measure: Callable[[FloatArray], Mapping[Key, FloatArray]],
    patient_ids: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
    strata: Sequence[str] | None = None,
) -> dict[Key, FloatArray]:
    """Apply ``measure`` to all resamples.

    Args:
        measure: Turns weights ``(r, N)`` into named values ``(r, ...)``.
        patient_ids: See ``patient_weights``.
        resamples: R.
        seed: Seed of the draws.
        strata: See ``patient_weights``.

    Returns:
        For each name all R values.
    """
    blocks = [measure(w) for w in patient_weights(patient_ids, resamples, seed, strata)]
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


def percentile_interval(values: FloatArray, level: float = LEVEL) -> Interval:
    """Return the central ``level`` of the resampled values.

    Args:
        values: ``(R,)``; NaN in resamples that leave the metric undefined. Those are left out.
        level: In (0, 1).

    Returns:
        The interval; without bounds when fewer than half of the resamples are defined, because
        what remains no longer says how the metric varies.
    """
    defined = values[~np.isnan(values)]
    if 2 * len(defined) < len(values) or len(defined) == 0:
        return Interval(None, None, len(defined))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), len(defined))


def check_resamples(resamples: int) -> None:
    """Raise ValueError unless ``resamples`` is large enough for a 95 % percentile interval."""
    if resamples < 40:
        raise ValueError(f"resamples is {resamples}, must be at least 40 (2000 is usual)")


def _draw(generator: np.random.Generator, resamples: int, count: int) -> IntArray:
    """Return how often each of ``count`` members occurs in ``count`` draws, (resamples, count)."""
    drawn = generator.integers(count, size=(resamples, count))
    drawn += np.arange(resamples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count)


def _patient_groups(codes: IntArray, patients: int, strata: Sequence[str] | None) -> list[IntArray]:
    if strata is None:
        return [np.arange(patients)]
    strata_of: list[set[str]] = [set() for _ in range(patients)]
    for code, stratum in zip(codes, strata, strict=True):
        strata_of[code].add(str(stratum))
    members: dict[tuple[str, ...], list[int]] = {}
    for patient, group in enumerate(strata_of):
        members.setdefault(tuple(sorted(group)), []).append(patient)
    return [np.array(members[group]) for group in sorted(members)]
