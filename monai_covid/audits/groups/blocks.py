"""What is exchangeable when groups do not matter: patients, or the images of one patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monai_covid.audits.groups.attributes import Attribute
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray, SingleLabelOutcomes

NUMBERS_AT_ONCE = 1_000_000


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
        hits: Those called rightly, ``(B, C)``.
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
