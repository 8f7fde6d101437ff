"""Training batches: pictures with the answers to the five questions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monai_covid.suitability.building.collection import Chests
from monai_covid.suitability.building.negatives import laterals, montages, others
from monai_covid.suitability.building.placement import degrade, equalised, place

FRONTAL, LATERAL, OTHER = range(3)
SHARES = (0.5, 0.1, 0.4)
"""Of frontal chests, lateral ones and something else in a batch."""


class Pool(NamedTuple):
    """What batches are drawn from; squares (N, 128, 128) float32 in [0, 1].

    Attributes:
        chests: Upright frontal chests.
        chances: (N,) probability of each chest.
        laterals: Synthetic lateral chests.
        others: Everything else.
    """

    chests: NDArray[np.float32]
    chances: NDArray[np.float64]
    laterals: NDArray[np.float32]
    others: NDArray[np.float32]


class Batch(NamedTuple):
    """Thumbnails and answers.

    Attributes:
        images: (B, 1, 64, 64) float32, equalised.
        kind: (B,) int64, index in ``KINDS``.
        turn: (B,) int64, index in ``TURNS``; of something else without meaning.
        inverted: (B,) float32, 0 or 1.
        mirrored: (B,) float32, 0 or 1.
        cropped: (B,) float32, 0 or 1.
    """

    images: Tensor
    kind: Tensor
    turn: Tensor
    inverted: Tensor
    mirrored: Tensor
    cropped: Tensor


def make_pool(real: Chests, phantoms: Chests, seed: int, negatives: int) -> Pool:
    """Return the pool of training pictures.

    Args:
        real: Real radiographs, two thirds of the frontal ones (all, if there are no phantoms).
        phantoms: Synthetic ones.
        seed: Seed of the synthetic negatives.
        negatives: How many of them, a quarter pieced together from chests.
    """
    chests = np.concatenate([real.bases, phantoms.bases])
    share = 2 / 3 if len(real.bases) and len(phantoms.bases) else 1.0
    chances = np.concatenate(
        [share * _normed(real.weights), (1 - share if share < 1 else 1) * _normed(phantoms.weights)]
    )
    pieced = montages(seed + 1, negatives // 4, chests)
    return Pool(
        chests,
        chances / chances.sum(),
        laterals(seed + 2, max(1, negatives // 8)),
        np.concatenate([others(seed, negatives - len(pieced)), pieced]),
    )


def draw_batch(pool: Pool, size: int, random: np.random.Generator) -> Batch:
    """Return a random batch of ``size`` pictures."""
    kind = random.choice(3, size, p=SHARES)
    bases = np.stack([_base(pool, each, random) for each in kind.tolist()])
    cropped = (random.random(size) < 0.15) & (kind == FRONTAL)
    turned = random.random(size) < np.where(kind == OTHER, 1.0, 0.5)
    turn = np.where(turned, random.integers(0, 4, size), 0)
    inverted = random.random(size) < 0.25
    mirrored = random.random(size) < 0.4
    zoom = np.where(cropped, random.uniform(1.7, 2.5, size), random.uniform(0.78, 1.18, size))
    images = place(torch.from_numpy(bases)[:, None], torch.from_numpy(zoom).float(), random)
    images = torch.where(torch.from_numpy(inverted)[:, None, None, None], 1 - images, images)
    images = degrade(_oriented(images, mirrored, turn), random)
    return Batch(
        equalised(images),
        torch.from_numpy(kind),
        torch.from_numpy(turn),
        *(torch.from_numpy(each).float() for each in (inverted, mirrored, cropped)),
    )


def _oriented(images: Tensor, mirrored: NDArray[np.bool_], turn: NDArray[np.int64]) -> Tensor:
    """Mirror, then turn counter-clockwise by quarters."""
    return torch.stack(
        [
            torch.rot90(image.flip(-1) if flip else image, quarters, (-2, -1))
            for image, flip, quarters in zip(images, mirrored.tolist(), turn.tolist(), strict=True)
        ]
    )


def _base(pool: Pool, kind: int, random: np.random.Generator) -> NDArray[np.float32]:
    pictures = (pool.chests, pool.laterals, pool.others)[kind]
    if kind == FRONTAL:
        index = int(random.choice(len(pictures), p=pool.chances))
    else:
        index = int(random.integers(len(pictures)))
    picture: NDArray[np.float32] = pictures[index]
    return picture


def _normed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / weights.sum() if len(weights) else weights
