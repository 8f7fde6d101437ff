"""Where the pixels of a training image lie in its source: crop, aspect, rotation, elastic warp."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from monai_covid.data.phantom.streams import around, between
from monai_covid.data.phantom.texture import smooth_noise

Coordinates = NDArray[np.float32]
"""(N, N, 2): column and row in the source, -1 to 1 from edge to edge."""


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
