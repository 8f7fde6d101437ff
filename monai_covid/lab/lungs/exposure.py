"""From maps of path lengths to grey values, with every setting drawn at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from monai_covid.lab.lungs.chest import Chest
from monai_covid.lab.phantom.anatomy import BONE, LUNG, SOFT_TISSUE
from monai_covid.lab.phantom.randomness import between, smooth_noise

FloatMap = NDArray[np.float32]


def expose_chest(chest: Chest, random: np.random.Generator) -> FloatMap:
    """Return a radiograph (H, W) of ``chest`` in [0, 1], bright where little passes."""
    opacity = _opacity(chest, random)
    soft = chest.tissue + chest.vessels * between(random, 0.4, 2.0) + chest.air * opacity
    soft = soft * (1.0 + between(random, 0.0, 0.12) * _noise(random, soft.shape, 3.0, 12.0))
    soft = np.maximum(0.0, soft - chest.gas)
    attenuation = (
        SOFT_TISSUE * between(random, 0.6, 1.3) * soft
        + LUNG * between(random, 0.4, 1.6) * chest.air
        + (BONE - SOFT_TISSUE) * between(random, 0.2, 1.6) * chest.bone
        + chest.lesion
    ).astype(np.float32)
    scatter = between(random, 0.03, 0.5) * float(np.exp(-attenuation).mean())
    return process(-np.log(np.exp(-np.maximum(attenuation, 0.0)) + scatter), random)


def _opacity(chest: Chest, random: np.random.Generator) -> FloatMap:
    """Return how far the lungs are filled with fluid, (H, W) in [0, 1].

    Haze of a whole lung, patches, effusions from below and white lungs. The target stays the whole
    field: a lung does not end where it is diseased.
    """
    shape = chest.air.shape
    result = np.zeros(shape, dtype=np.float32)
    for side in (chest.left, chest.right):
        kind = random.random()
        if kind < 0.2:  # patches
            patches = _noise(random, shape, 2.5, 9.0) - between(random, -0.5, 1.5)
            level = np.clip(patches * between(random, 0.5, 3.0), 0, 1) * between(random, 0.3, 1.0)
        elif kind < 0.28:  # effusion
            rows = np.linspace(0, 1, shape[0])[:, None] + 0.03 * _noise(random, shape, 2.0, 4.0)
            level = np.clip((rows - between(random, 0.45, 0.85)) / 0.06, 0, 1)
        elif kind < 0.5:  # haze
            level = np.full(shape, between(random, 0.05, 0.45))
        elif kind < 0.54:  # white lung
            level = np.full(shape, between(random, 0.6, 0.95))
        else:
            continue
        result = np.maximum(result, level * (side > 0.5)).astype(np.float32)
    smooth: FloatMap = uniform_filter(result, 3)
    return smooth


def process(values: NDArray[np.floating], random: np.random.Generator) -> FloatMap:
    """Return ``values`` as a workstation would show them, in [0, 1].

    Window, dynamic range compression, edge enhancement, blur, shading and noise.
    """
    surround = uniform_filter(values, int(random.integers(20, 100)), mode="nearest")
    image = values - between(random, 0.0, 0.75) * surround
    if random.random() < 0.5:
        image = image + between(random, 0.0, 2.0) * (image - uniform_filter(image, 5))
    low, high = np.quantile(image, [between(random, 0.0, 0.12), between(random, 0.85, 1.0)])
    image = np.clip((image - low) / max(high - low, 1e-6), 0.0, 1.0) ** between(random, 0.6, 1.7)
    image = image + between(random, 0.0, 0.25) * _ramp(image.shape, random)
    image = image + between(random, 0.0, 0.06) * _noise(random, image.shape, 2.0, 6.0)
    if random.random() < 0.5:
        image = gaussian_filter(image, between(random, 0.3, 1.4))
    image = image + between(random, 0.0, 0.06) ** 1.5 * random.standard_normal(image.shape)
    span = float(np.ptp(image))
    scaled: FloatMap = ((image - image.min()) / max(span, 1e-6)).astype(np.float32)
    return scaled


def _ramp(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
    angle = between(random, 0.0, 2 * np.pi)
    rows, columns = np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1])
    ramp: NDArray[np.float64] = np.cos(angle) * columns[None] + np.sin(angle) * rows[:, None]
    return ramp


def _noise(
    random: np.random.Generator, shape: tuple[int, ...], fewest: float, most: float
) -> NDArray[np.float64]:
    cells = between(random, fewest, most)
    return smooth_noise(random, (shape[0], shape[1]), shape[0] / cells)
