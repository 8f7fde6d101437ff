"""Training batches: pictures placed and degraded at random, with the answers to five questions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from monai_covid.lab.suitability.collection import Chests
from monai_covid.lab.suitability.negatives import laterals, montages, others
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.suitability.network import INPUT_SIDE

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
    bases = np.stack([_base(pool, index, random) for index in kind.tolist()])
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
        *(torch.from_numpy(values).float() for values in (inverted, mirrored, cropped)),
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


def place(bases: Tensor, zoom: Tensor, random: np.random.Generator) -> Tensor:
    """Cut each image at random.

    Args:
        bases: (B, 1, S, S) in [0, 1].
        zoom: (B,) enlargement; below 1 there is a border, black or of the edge's grey.
        random: Chooses tilt (up to 12 degrees), aspect, shear and shift.

    Returns:
        (B, 1, 64, 64).
    """
    count = len(bases)
    angle = _normal(random, count, 5.0).clamp(-12, 12).deg2rad()
    aspect = _normal(random, count, 0.08).exp()
    shear = _normal(random, count, 0.04)
    rows = [aspect * angle.cos(), shear - angle.sin(), angle.sin() + shear, angle.cos() / aspect]
    linear = torch.stack(rows, 1).view(-1, 2, 2) / zoom[:, None, None]
    # As far as the picture reaches: large crops may come from any corner.
    reach = (1 - 1 / zoom).clamp(min=0.06)[:, None]
    shift = (torch.from_numpy(random.uniform(-1, 1, (count, 2))).float() * reach)[..., None]
    grid = F.affine_grid(
        torch.cat([linear, shift], 2), [count, 1, INPUT_SIDE, INPUT_SIDE], align_corners=False
    )
    black = torch.from_numpy(random.random(count) < 0.7)
    placed = torch.empty(count, 1, INPUT_SIDE, INPUT_SIDE)
    for where, padding in ((black, "zeros"), (~black, "border")):
        placed[where] = F.grid_sample(
            bases[where], grid[where], padding_mode=padding, align_corners=False
        )
    return placed


def degrade(images: Tensor, random: np.random.Generator) -> Tensor:
    """Add uneven light, blur, noise, bars and labels to (B, 1, 64, 64) in [0, 1]."""
    count = len(images)
    images = images.clamp(0, 1) ** _normal(random, count, 0.35).exp().view(-1, 1, 1, 1)
    ramp = torch.linspace(-1, 1, INPUT_SIDE)
    light = _normal(random, count, 0.15).view(-1, 1, 1, 1) * ramp[None, None, None]
    light = light + _normal(random, count, 0.15).view(-1, 1, 1, 1) * ramp[None, None, :, None]
    images = torch.where(_chance(random, count, 0.4), images * (1 + light), images)
    blurred = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)
    images = torch.where(_chance(random, count, 0.3), blurred, images)
    noise = torch.from_numpy(random.standard_normal(tuple(images.shape), dtype=np.float32))
    strength = 0.04 * torch.from_numpy(random.random((count, 1, 1, 1)) ** 3).float()
    images = (images + noise * strength).clamp(0, 1)
    for image in images:
        _overlay(image[0], random)
    return images


def equalised(images: Tensor) -> Tensor:
    """Return each of (B, 1, 64, 64) with a flat histogram, as it is done when assessing."""
    return torch.stack([equalize_histogram(image) for image in images])


def _overlay(image: Tensor, random: np.random.Generator) -> None:
    """Paint bars along the edges and small bright or dark labels, in place."""
    if random.random() < 0.25:
        width = int(random.integers(1, 9))
        tone = 1.0 if random.random() < 0.15 else 0.0
        for edge in random.permutation(4)[: random.integers(1, 5)].tolist():
            (image if edge % 2 else image.T)[:width] = tone
            image = image.flip(0, 1) if edge > 1 else image
    for _ in range(int(random.integers(0, 4)) if random.random() < 0.5 else 0):
        top, left = random.integers(0, INPUT_SIDE - 4, 2).tolist()
        height, width = int(random.integers(1, 4)), int(random.integers(2, 12))
        image[top : top + height, left : left + width] = float(random.random() < 0.8)


def _normal(random: np.random.Generator, count: int, deviation: float) -> Tensor:
    return torch.from_numpy(random.standard_normal(count) * deviation).float()


def _chance(random: np.random.Generator, count: int, probability: float) -> Tensor:
    return torch.from_numpy(random.random((count, 1, 1, 1)) < probability)
