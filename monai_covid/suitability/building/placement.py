"""Random placement and degradation of a batch of squares, as real images differ."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from monai_covid.suitability.network import INPUT_SIDE
from monai_covid.transforms.equalise import equalize_histogram


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
