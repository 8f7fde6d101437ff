"""Cross sections as CT, MR and ultrasound show them."""

from __future__ import annotations

import numpy as np

from monai_covid.data.phantom.arrays import FloatArray, unit_range
from monai_covid.data.phantom.streams import between
from monai_covid.suitability.building.textures import coordinates, power_noise


def chest_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return an axial slice: body on black, two lungs, heart, spine, table."""
    x, y = _placed(random, side)
    width, height = between(random, 0.75, 1.0), between(random, 0.5, 0.75)
    picture = _inside(x, y, (0, 0), (width, height)) * between(random, 0.5, 0.7)
    picture = picture + 0.15 * _inside(x, y, (0, 0), (0.93 * width, 0.9 * height))
    lung = between(random, 0.0, 0.25)
    for side_of in (-1, 1):
        size = (0.36 * width * between(random, 0.8, 1.1), 0.72 * height)
        picture = np.where(_inside(x, y, (side_of * 0.47 * width, 0), size) > 0, lung, picture)
    heart = _inside(x, y, (0.1, -0.15 * height), (0.3 * width, 0.38 * height))
    picture = np.where(heart > 0, 0.75, picture)
    picture = np.where(_inside(x, y, (0, 0.65 * height), (0.12, 0.13)) > 0, 1.0, picture)
    picture = picture + 0.4 * (abs(y - 1.15 * height) < 0.02)
    return _finished(random, picture)


def abdomen_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return an axial slice with organs of several grey values."""
    x, y = _placed(random, side)
    width, height = between(random, 0.6, 1.0), between(random, 0.5, 0.9)
    body = _inside(x, y, (0, 0), (width, height))
    picture = 0.35 * body
    for _ in range(int(random.integers(3, 14))):
        centre, size = random.uniform(-0.6, 0.6, 2), random.uniform(0.05, 0.4, 2)
        organ = _inside(x, y, tuple(centre), tuple(size)) * body
        picture = np.where(organ > 0, random.random(), picture)
    picture = np.where(_inside(x, y, (0, 0.6 * height), (0.14, 0.13)) > 0, 1.0, picture)
    return _finished(random, picture)


def head_slice(random: np.random.Generator, side: int) -> FloatArray:
    """Return a head with skull, folded brain and ventricles."""
    x, y = _placed(random, side)
    norm = np.hypot(x / between(random, 0.5, 0.75), y / between(random, 0.65, 0.9))
    folds = (power_noise(random, side) > 0.5) * 0.3
    picture = np.where(norm < 1, random.random(), 0.0)
    picture = np.where(norm < 0.92, random.random(), picture)
    picture = np.where(norm < 0.86, 0.4 + folds, picture)
    for side_of in (-1, 1):
        ventricle = _inside(x, y, (side_of * 0.1, 0), (0.06, 0.25))
        picture = np.where(ventricle > 0, random.random(), picture)
    return _finished(random, picture)


def ultrasound(random: np.random.Generator, side: int) -> FloatArray:
    """Return a fan of speckle on black."""
    x, y = coordinates(side)
    angle, depth = np.arctan2(x, y + 1.2), np.hypot(x, y + 1.2)
    fan = (abs(angle) < between(random, 0.4, 0.9)) & (depth > 0.3) & (depth < 2.1)
    speckle = power_noise(random, side) * random.rayleigh(0.6, (side, side))
    return unit_range(fan * speckle * (1.3 - 0.4 * depth))


def _placed(random: np.random.Generator, side: int) -> tuple[FloatArray, FloatArray]:
    x, y = coordinates(side)
    scale = between(random, 0.85, 1.5)
    wobble = 0.04 * np.sin(3 * np.arctan2(y, x) + between(random, 0, 6))
    return (x - between(random, -0.1, 0.1)) * scale + wobble, (y + wobble) * scale


def _inside(
    x: FloatArray, y: FloatArray, centre: tuple[float, ...], size: tuple[float, ...]
) -> FloatArray:
    norm = np.square((x - centre[0]) / size[0]) + np.square((y - centre[1]) / size[1])
    return (norm < 1).astype(np.float64)


def _finished(random: np.random.Generator, picture: FloatArray) -> FloatArray:
    texture = between(random, 0.02, 0.3) * (power_noise(random, len(picture)) - 0.5)
    texture = texture * (picture > 0.02)
    noise = between(random, 0.0, 0.06) * random.standard_normal(picture.shape)
    return unit_range(picture + texture + noise)
