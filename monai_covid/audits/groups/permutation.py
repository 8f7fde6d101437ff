"""Permutation test of "all groups of an attribute are classified equally well".

Statistic: each group is compared with all other images, in the sensitivity of every class that both
have and in their mean, the class-standardised accuracy. Each difference d is divided by its
standard error under the null hypothesis,

    se^2 = s_c^2 (sum n_i^2 / (sum n_i)^2 of the group + the same of the others),

with n_i the images of class c in block i (see ``Blocks``), s_c^2 = sum e_i^2 / sum n_i^2 over all
blocks, e_i = hits - n_i * pooled sensitivity; the ratio is one over Kish's effective number of
patients. The statistic is the largest |d / se|. Its null distribution comes from shuffling group
labels among exchangeable blocks within classes, so a class mix that differs between groups does not
count as a difference. p = (1 + permutations at least as extreme) / (1 + permutations) (Phipson &
Smyth, Stat. Appl. Genet. Mol. Biol. 9:39, 2010). Each single difference gets a p-value from the
same distribution of the largest, which corrects for their number (single-step maxT: Westfall &
Young, Resampling-Based Multiple Testing, 1993).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monai_covid.audits.groups.attributes import Attribute
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray, SingleLabelOutcomes
from monai_covid.evaluation.ranked import divide


class PermutationTest(NamedTuple):
    """The result of a permutation test.

    Attributes:
        p_value: Of the attribute as a whole.
        comparisons: p-value of each difference, ``(G, C + 1)``, corrected for their number; NaN
            where nothing is compared.
        differences: The observed differences, ``(G, C + 1)``.
        noticeable: Smallest difference that would have been significant, ``(G, C + 1)``.
    """

    p_value: float
    comparisons: FloatArray
    differences: FloatArray
    noticeable: FloatArray


def permutation_test(
    blocks: Blocks, compared: BoolArray, resamples: int, seed: int, level: float = 0.05
) -> PermutationTest:
    """Test whether group labels matter.

    Args:
        blocks: Exchangeable blocks.
        compared: Which classes are compared for which group, ``(G, C)``; at least one.
        resamples: Permutations.
        seed: Seed of the permutations.
        level: Significance level that ``noticeable`` is about.
    """
    observed = differences(blocks, blocks.groups[None], compared)
    statistics = observed.standardised[0]
    shuffles = shuffled_groups(blocks, resamples, seed)
    largest = np.concatenate(
        [differences(blocks, groups, compared).standardised.max(axis=(1, 2)) for groups in shuffles]
    )
    beyond = (largest[:, None, None] >= statistics - ROUNDING).sum(axis=0)
    p_values = (1 + beyond) / (1 + resamples)
    critical = float(np.quantile(largest, 1 - level))
    return PermutationTest(
        p_value=float(p_values.min()),
        comparisons=np.where(np.isnan(observed.values[0]), np.nan, p_values),
        differences=observed.values[0],
        noticeable=critical * observed.errors[0],
    )


ROUNDING = 1e-9
"""Permutations this close to the observed statistic are equal to it but for rounding."""


class Differences(NamedTuple):
    """Group minus others; the last column is the mean over the classes, before it each class.

    Attributes:
        values: ``(R, G, C + 1)``; NaN where nothing is compared.
        errors: Standard errors under the null hypothesis, same shape.
    """

    values: FloatArray
    errors: FloatArray

    @property
    def standardised(self) -> FloatArray:
        """Difference over standard error; 0 where it is not defined."""
        return np.abs(np.nan_to_num(divide(self.values, self.errors)))


def differences(blocks: Blocks, groups: IntArray, compared: BoolArray) -> Differences:
    """Return the differences between each group and all others for R labellings.

    Args:
        blocks: B blocks.
        groups: Group of each block, ``(R, B)``.
        compared: Which classes are compared for which group, ``(G, C)``.
    """
    variance = _variance(blocks)
    parts = [
        _of_group(blocks, groups == group, compared[group], variance)
        for group in range(len(compared))
    ]
    values, errors = (np.stack(arrays, axis=1) for arrays in zip(*parts, strict=True))
    return Differences(values, errors)


def _of_group(
    blocks: Blocks, within: BoolArray, compared: BoolArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return differences and standard errors ``(R, C + 1)`` of one group."""
    inside = within.astype(np.float64)
    rates, inverse_sizes = [], []
    for weights in (inside, 1 - inside):
        images = weights @ blocks.images
        rates.append(divide(weights @ blocks.hits, images))
        inverse_sizes.append(divide(weights @ blocks.images**2, images**2))
    gaps = np.where(compared, rates[0] - rates[1], np.nan)
    squares = np.where(compared, variance * (inverse_sizes[0] + inverse_sizes[1]), np.nan)
    return _with_mean(gaps, squares, int(compared.sum()))


def _with_mean(gaps: FloatArray, squares: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    rows = len(gaps)
    if count == 0:
        mean = square = np.full((rows, 1), np.nan)
    else:
        mean = np.nansum(gaps, axis=1, keepdims=True) / count
        square = np.nansum(squares, axis=1, keepdims=True) / count**2
    return np.hstack([gaps, mean]), np.sqrt(np.hstack([squares, square]))


def _variance(blocks: Blocks) -> FloatArray:
    """Return the pooled variance ``(C,)`` of a block's share of hits."""
    pooled = divide(blocks.hits.sum(axis=0), blocks.images.sum(axis=0))
    residuals = blocks.hits - blocks.images * np.nan_to_num(pooled)
    return np.nan_to_num(divide((residuals**2).sum(axis=0), (blocks.images**2).sum(axis=0)))


@dataclass(frozen=True)
class Blocks:
    """Exchangeable blocks of images, sorted by stratum.

    A patient whose images are all in one group is one block, exchangeable with the patients who
    have the same classes. The images of a patient in several groups are a block each, exchangeable
    with that patient's other images of their class. Both keep the dependence within patients
    (whole-block and within-block exchange: Winkler et al., NeuroImage 123:253-268, 2015).

    Attributes:
        groups: Group of each of the B blocks, ``(B,)``.
        images: Images of each class in it, ``(B, C)``.
        hits: Those classified correctly, ``(B, C)``.
        strata: Labels are exchanged within a stratum, ``(B,)``, ascending.
    """

    groups: IntArray
    images: FloatArray
    hits: FloatArray
    strata: IntArray


def blocks_of(
    outcomes: SingleLabelOutcomes, patients: Sequence[str], attribute: Attribute
) -> Blocks:
    """Return the exchangeable blocks of N images."""
    _, codes = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    mixed = _in_several_groups(codes, attribute.codes)
    # Images of patients in several groups get numbers of their own after those of the patients.
    number = np.where(mixed, codes.max() + 1 + np.arange(len(codes)), codes)
    _, first, block = np.unique(number, return_index=True, return_inverse=True)
    shape = (len(first), len(outcomes.class_names))
    images, hits = np.zeros(shape), np.zeros(shape)
    np.add.at(images, (block, outcomes.true), 1.0)
    np.add.at(hits, (block, outcomes.true), outcomes.predicted == outcomes.true)
    owner = np.where(mixed, codes + 1, 0)[first]
    keys = np.column_stack([owner, images > 0])
    strata = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(strata, kind="stable")
    return Blocks(attribute.codes[first][order], images[order], hits[order], strata[order])


NUMBERS_AT_ONCE = 1_000_000


def shuffled_groups(blocks: Blocks, resamples: int, seed: int) -> Iterator[IntArray]:
    """Yield ``(r, B)`` group labels, shuffled within strata; R rows in all."""
    generator = np.random.default_rng(seed)
    count = len(blocks.groups)
    rows = max(1, NUMBERS_AT_ONCE // count)
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), count)
        # Whole part: the stratum; fraction: a random order within it.
        order = np.argsort(blocks.strata + generator.random(size), axis=1)
        yield blocks.groups[order]


def _in_several_groups(codes: IntArray, groups: IntArray) -> BoolArray:
    count = codes.max() + 1
    lowest, highest = np.full(count, groups.max()), np.zeros(count, dtype=np.int64)
    np.minimum.at(lowest, codes, groups)
    np.maximum.at(highest, codes, groups)
    return np.asarray((lowest < highest)[codes])
