"""Images that are not upright frontal chest radiographs, which the network learns to reject."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from monai_covid.lab.lungs.exposure import process
from monai_covid.lab.phantom.formulas import ellipse_chord, smoothstep
from monai_covid.lab.phantom.randomness import around, between, smooth_noise

FloatMap = NDArray[np.float32]


def rotate(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Return a chest radiograph (N, N) on its side, upside down or inverted."""
    kind = random.random()
    if kind < 0.2:
        return np.rot90(image, 1).copy()
    if kind < 0.4:
        return np.rot90(image, 3).copy()
    if kind < 0.6:
        return np.rot90(image, 2).copy()
    if kind < 0.7:
        return image[::-1].copy()
    return 1.0 - image


def draw_out_of_distribution(random: np.random.Generator, size: int) -> FloatMap:
    """Return an image (size, size) in [0, 1] of something else."""
    draw = (_lateral, _bones, _bones, _noise, _shapes)[int(random.integers(5))]
    image = process(draw(random, size), random)
    if random.random() < 0.3:
        image = 1.0 - image
    turns = int(random.integers(4)) if draw is not _lateral else 0
    return np.rot90(image, turns).copy()


def _plane(random: np.random.Generator, size: int) -> tuple[NDArray[np.float64], ...]:
    """Return columns and rows from -1 to 1, bent."""
    line = np.linspace(-1, 1, size)
    columns, rows = np.meshgrid(line, line)
    bend = between(random, 0.0, 0.12)
    cell = size / between(random, 2, 5)
    return (
        columns + bend * smooth_noise(random, (size, size), cell),
        rows + bend * smooth_noise(random, (size, size), cell),
    )


def _ellipse(
    random: np.random.Generator, plane: tuple[NDArray[np.float64], ...], radius: tuple[float, float]
) -> NDArray[np.float64]:
    centre, angle = random.normal(0, 0.4, 2), between(random, 0, np.pi)
    across, along = plane[0] - centre[0], plane[1] - centre[1]
    u = np.cos(angle) * across + np.sin(angle) * along
    v = np.cos(angle) * along - np.sin(angle) * across
    a, b = between(random, *radius), between(random, *radius)
    return ellipse_chord((u / a) ** 2 + (v / b) ** 2)


def _lateral(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw a chest from the side: one aerated field between spine and sternum, heart in front."""
    x, y = _plane(random, size)
    if random.random() < 0.5:
        x = -x
    wide = between(random, 0.45, 0.8)
    body = 16 * ellipse_chord((x / (wide + between(random, 0.1, 0.3))) ** 4) * (y > -0.9)
    lean = x + between(random, -0.1, 0.25) * y
    narrow = wide * (0.55 + 0.45 * smoothstep(-1.0, 0.0, y))
    field = ellipse_chord((lean / narrow) ** 4) * smoothstep(-0.9, -0.7, y)
    dome = between(random, 0.3, 0.7) - 0.4 * (x - 0.1) ** 2 + between(random, 0.0, 0.5) * x
    field *= smoothstep(dome + 0.03, dome - 0.03, y)
    heart = ellipse_chord(((lean + 0.3) / 0.3) ** 2 + ((y - dome + 0.35) / 0.4) ** 2)
    air = np.maximum(0, 14 * field - 9 * heart)
    rows = y * between(random, 5, 8) % 1.0
    spine = ellipse_chord(((lean - 0.75 * wide) / 0.12) ** 2) * (0.6 + 0.4 * (rows > 0.2))
    ribs = np.sin((y + 0.8 * x) * between(random, 14, 22)) ** 8 * (field > 0)
    return 0.19 * (body - air) + between(random, 0.4, 1.2) * spine + 0.15 * ribs


def _bones(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw limbs, skulls, bellies: shells and tubes of bone in soft tissue, bubbles of gas."""
    plane = _plane(random, size)
    image = np.zeros((size, size))
    for _ in range(int(random.integers(1, 4))):
        image = np.maximum(image, between(random, 1.0, 3.0) * _ellipse(random, plane, (0.3, 2.0)))
    for _ in range(int(random.integers(1, 7))):
        outer = _ellipse(random, plane, (0.05, 1.2))
        shell = outer - between(random, 0.0, 1.0) * np.sqrt(np.maximum(0, outer**2 - 0.15))
        image = image + between(random, 0.2, 1.5) * shell * (image > 0)
    for _ in range(int(random.integers(0, 5))):
        image = image - between(random, 0.2, 1.2) * _ellipse(random, plane, (0.05, 0.5))
    return image


def _noise(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw clouds and textures: noise whose spectrum falls as in photographs, or not at all."""
    steepness = between(random, 0.0, 2.2)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(random.standard_normal((size, size))) / frequency**steepness
    spectrum[0, 0] = 0.0
    image = np.fft.irfft2(spectrum, s=(size, size))
    image /= max(float(image.std()), 1e-9)
    return np.sign(image) if random.random() < 0.1 else image


def _shapes(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw things: polygons of one brightness over each other, stripes, gradients, textures."""
    image = around(random, 0, 1) * _plane(random, size)[0] + 0.2 * _noise(random, size)
    for _ in range(int(random.integers(2, 15))):
        x, y = _plane(random, size)
        if random.random() < 0.5:
            inside = _ellipse(random, (x, y), (0.05, 0.9)) > 0
        else:
            normal = random.normal(0, 1, (3, 2))
            edges = [a * x + b * y < between(random, 0.0, 0.7) for a, b in normal]
            inside = np.logical_and.reduce(edges)
        texture = between(random, 0, 0.5) * _noise(random, size) if random.random() < 0.3 else 0.0
        image = np.where(inside, around(random, 0, 1) + texture, image)
    smooth: NDArray[np.float64] = gaussian_filter(image, between(random, 0.0, 1.0))
    return smooth
