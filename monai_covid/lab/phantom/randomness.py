"""Random numbers and smooth random surfaces, in independent streams.

A stream belongs to one purpose, so that one part of an image never changes another.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray


class Stream(IntEnum):
    """What a stream of random numbers is drawn for; the values are part of every image."""

    PATIENT = 0
    POSITION = 1
    MARKINGS = 2
    EXPOSURE = 3
    QUANTUM_NOISE = 4
    ANNOTATION = 5
    SHAPE = 6
    FINDING = 7
    SCHEDULE = 8


def random_stream(seed: int, stream: Stream, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose.

    Args:
        seed: Seed of the whole data set, at least 0.
        stream: Purpose.
        *keys: Numbers of the image, patient or finding, each at least 0.

    Returns:
        A generator that depends on nothing but the arguments.

    Raises:
        ValueError: If the seed or a key is negative.
    """
    if min((seed, *keys)) < 0:
        raise ValueError(
            f"seed and keys of a random stream must be at least 0, got {(seed, *keys)}"
        )
    sequence = np.random.SeedSequence(seed, spawn_key=(int(stream), *keys))
    return np.random.Generator(np.random.PCG64(sequence))


def between(random: np.random.Generator, low: float, high: float) -> float:
    """Return a number drawn uniformly from [low, high)."""
    return low + (high - low) * float(random.random())


def around(random: np.random.Generator, mean: float, deviation: float) -> float:
    """Return a normal number, cut at two and a half standard deviations."""
    return mean + deviation * float(np.clip(random.standard_normal(), -2.5, 2.5))


SPLINE_DEVIATION = 0.48
"""Mean standard deviation of a bicubic B-spline surface whose coefficients are standard normal."""


def smooth_noise(
    random: np.random.Generator, shape: tuple[int, int], cell_pixels: float
) -> FloatArray:
    """Return a smooth random surface.

    Args:
        random: Source of the coefficients.
        shape: (H, W).
        cell_pixels: Size of a bump in pixels.

    Returns:
        Array (H, W) with mean 0 and a standard deviation of about 1.
    """
    rows, columns = (max(1, round(length / max(cell_pixels, 1.0))) for length in shape)
    coefficients = random.standard_normal((rows + 3, columns + 3)) / SPLINE_DEVIATION
    stretched = stretch(coefficients, shape[0])
    return stretch(stretched.T, shape[1]).T


def stretch(coefficients: FloatArray, pixels: int) -> FloatArray:
    """Evaluate uniform cubic B-splines along the first axis.

    Written as a sum of four terms, not as a matrix product, whose order of summation would depend
    on the machine.

    Args:
        coefficients: (cells + 3, M).
        pixels: Number of evenly spaced samples.

    Returns:
        Array (pixels, M).
    """
    cells = len(coefficients) - 3
    position = (np.arange(pixels) + 0.5) * (cells / pixels)
    cell = np.minimum(position.astype(np.int64), cells - 1)
    part = (position - cell)[:, None]
    rest = 1.0 - part
    result: FloatArray = (
        rest * rest * rest * coefficients[cell]
        + (4.0 - 6.0 * part * part + 3.0 * part * part * part) * coefficients[cell + 1]
        + (4.0 - 6.0 * rest * rest + 3.0 * rest * rest * rest) * coefficients[cell + 2]
        + part * part * part * coefficients[cell + 3]
    )
    return result / 6.0
