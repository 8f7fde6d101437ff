"""One training example from its number alone: a view of a synthetic chest, or something else.

A view is a random crop, aspect, rotation and elastic warp of the chest's maps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from monai_covid.lab.lungs.chest import Chest, draw_chest
from monai_covid.lab.lungs.clutter import add_clutter
from monai_covid.lab.lungs.exposure import expose_chest
from monai_covid.lab.lungs.out_of_distribution import draw_out_of_distribution, rotate
from monai_covid.lab.phantom.randomness import around, between, smooth_noise
from monai_covid.preprocessing.lungs.network import INPUT_SIZE, prepare

Coordinates = NDArray[np.float32]
"""(N, N, 2): column and row in the source, -1 to 1 from edge to edge."""

VIEWS_PER_CHEST = 8
"""Examples that are made of one chest, which takes as long to draw as they do."""

SHARE_ROTATED = 0.16
SHARE_OUT_OF_DISTRIBUTION = 0.14


class Example(NamedTuple):
    """What the network sees and should say.

    Attributes:
        image: (C, N, N) float32, see `prepare`.
        fields: (2, N, N) float32, 1 in the lung field on the left and on the right of the image;
            all 0 where ``is_chest`` is 0.
        is_chest: 1 for an upright frontal chest radiograph, else 0.
    """

    image: NDArray[np.float32]
    fields: NDArray[np.float32]
    is_chest: float


def draw_examples(seed: int, number: int) -> list[Example]:
    """Return ``VIEWS_PER_CHEST`` examples; nothing but the arguments decides what they are.

    Args:
        seed: Seed of the training.
        number: Number of the chest.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    chest = draw_chest(random)
    return [_draw_example(chest, random) for _ in range(VIEWS_PER_CHEST)]


def _draw_example(chest: Chest, random: np.random.Generator) -> Example:
    nothing = np.zeros((2, INPUT_SIZE, INPUT_SIZE), dtype=np.float32)
    if random.random() < SHARE_OUT_OF_DISTRIBUTION:
        image = add_clutter(draw_out_of_distribution(random, INPUT_SIZE), random)
        return Example(prepare(image), nothing, 0.0)
    image, fields = draw_view(chest, random)
    if random.random() < SHARE_ROTATED:
        return Example(prepare(rotate(image, random)), nothing, 0.0)
    return Example(prepare(image), fields, 1.0)


def draw_view(
    chest: Chest, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a radiograph (N, N) in [0, 1] of ``chest`` and its lung fields (2, N, N)."""
    maps = sample(np.stack(chest), draw_placement(random, INPUT_SIZE))
    if random.random() < 0.5:
        maps = maps[:, :, ::-1].copy()
        maps[-2:] = maps[:-3:-1].copy()  # the sides are those of the image
    placed = Chest(*maps)
    image = add_clutter(expose_chest(placed, random), random)
    return image, (maps[-2:] > 0.5).astype(np.float32)


def draw_placement(random: np.random.Generator, size: int) -> Coordinates:
    """Return a placement of a chest in an image of ``size`` x ``size``.

    The image shows about 50 to 110 % of the source, of its width another part than of its height:
    images are squashed to a square before the network sees them.
    """
    # A common zoom and an aspect: both crops and whole films occur, squashed by up to a third.
    zoom, aspect = between(random, 0.62, 0.95), np.exp(around(random, 0.0, 0.12))
    angle = np.deg2rad(around(random, 0.0, 5.0))
    shear = around(random, 0.0, 0.04)
    line = np.linspace(-1.0, 1.0, size)
    across, along = np.meshgrid(line * zoom * aspect, line * zoom / aspect)
    x = np.cos(angle) * across + (np.sin(angle) + shear) * along + around(random, 0.0, 0.05)
    y = np.cos(angle) * along - np.sin(angle) * across + around(random, 0.0, 0.07)
    strength, cell = between(random, 0.0, 0.035), size / between(random, 2.0, 5.0)
    x = x + strength * smooth_noise(random, (size, size), cell)
    y = y + strength * smooth_noise(random, (size, size), cell)
    return np.stack([x, y], axis=-1).astype(np.float32)


def sample(maps: NDArray[np.float32], coordinates: Coordinates) -> NDArray[np.float32]:
    """Return (C, N, N): the maps (C, S, S) at ``coordinates``, bilinear, edges continued."""
    placed = F.grid_sample(
        torch.from_numpy(maps)[None],
        torch.from_numpy(coordinates)[None],
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    result: NDArray[np.float32] = placed[0].numpy()
    return result
