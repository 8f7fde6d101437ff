"""Pictures of nothing in particular: noise, shaded objects, scenes, shapes."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray, unit_range
from monai_covid.lab.phantom.randomness import between


def coordinates(side: int) -> tuple[FloatArray, FloatArray]:
    """Return (across, along), each (side, side) with values in (-1, 1)."""
    line = (np.arange(side) + 0.5) * 2 / side - 1
    across, along = np.meshgrid(line, line)
    return across, along


def stretched(values: FloatArray) -> FloatArray:
    """Return ``values`` stretched to [0, 1]; all 0 where they are all equal."""
    span = float(np.ptp(values))
    return (values - values.min()) / span if span > 0 else np.zeros_like(values)


def power_noise(random: np.random.Generator, side: int) -> FloatArray:
    """Return noise whose power falls with frequency to a power between 0 (white) and -4.5."""
    spectrum = np.fft.rfft2(random.standard_normal((side, side)))
    vertical = np.fft.fftfreq(side)[:, None]
    frequency = np.hypot(vertical, np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1.0
    shaped = np.fft.irfft2(spectrum * frequency ** (-between(random, 0.0, 2.25)), (side, side))
    return stretched(shaped)


def dead_leaves(random: np.random.Generator, side: int) -> FloatArray:
    """Return opaque ellipses over each other, as the objects of a photograph.

    Lee, Mumford & Huang, Occlusion models for natural images, IJCV 41 (2001): such pictures have
    the statistics of photographs.
    """
    across, along = coordinates(side)
    picture = np.full((side, side), random.random())
    for _ in range(int(random.integers(5, 120))):
        scale = between(random, 0.25, 1.0)
        inside, depth = _ellipse(random, scale * across, scale * along)
        shade = random.random() + between(random, -0.4, 0.4) * depth
        picture = np.where(inside, shade, picture)
    return unit_range(picture + between(random, 0.0, 0.15) * (power_noise(random, side) - 0.5))


def object_on_background(random: np.random.Generator, side: int) -> FloatArray:
    """Return a few shaded objects on an even or graded background."""
    across, along = coordinates(side)
    picture = gradient(random, side) * random.random()
    for _ in range(int(random.integers(1, 6))):
        inside, depth = _ellipse(random, 0.5 * across, 0.5 * along)
        texture = between(random, 0.0, 0.5) * power_noise(random, side)
        picture = np.where(inside, random.random() + depth * between(random, -0.6, 0.6), picture)
        picture = picture + inside * texture
    return stretched(picture)


def landscape(random: np.random.Generator, side: int) -> FloatArray:
    """Return a sky, a skyline and a ground."""
    _, along = coordinates(side)
    ridge = np.cumsum(random.standard_normal(side)) * between(random, 0.0, 0.05)
    horizon = between(random, -0.4, 0.5) + ridge - ridge.mean()
    sky = random.random() + 0.3 * along + 0.3 * power_noise(random, side)
    ground = random.random() + between(random, 0.2, 0.9) * power_noise(random, side)
    picture = np.where(along < horizon[None], sky, ground)
    for _ in range(int(random.integers(0, 12))):
        left, top = random.integers(0, side, 2)
        width, height = random.integers(2, side // 2, 2)
        picture[top : top + height, left : left + width] *= between(random, 0.2, 1.4)
    return stretched(picture)


def gradient(random: np.random.Generator, side: int) -> FloatArray:
    """Return a ramp, a spot or waves."""
    across, along = coordinates(side)
    angle = between(random, 0.0, 2 * np.pi)
    ramp = np.cos(angle) * across + np.sin(angle) * along
    kind = int(random.integers(3))
    if kind == 0:
        return stretched(ramp)
    if kind == 1:
        shift = random.uniform(-0.5, 0.5, 2)
        return stretched(-np.hypot(across - shift[0], along - shift[1]))
    return stretched(np.sin(ramp * between(random, 2.0, 60.0)))


def _ellipse(
    random: np.random.Generator, across: FloatArray, along: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where a random ellipse or rectangle lies, and a ramp over it."""
    size = 0.04 / (random.random() ** 0.7 + 0.03)
    centre = random.uniform(-1, 1, 2)
    angle = between(random, 0.0, np.pi)
    x = np.cos(angle) * (across - centre[0]) + np.sin(angle) * (along - centre[1])
    y = np.cos(angle) * (along - centre[1]) - np.sin(angle) * (across - centre[0])
    u, v = x / size, y / (size * between(random, 0.3, 1.5))
    norm = np.maximum(abs(u), abs(v)) if random.random() < 0.3 else np.hypot(u, v)
    return norm < 1, np.clip(u, -1, 1)
