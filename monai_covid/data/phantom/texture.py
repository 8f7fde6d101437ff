"""Smooth random textures: cubic B-splines over a coarse grid of normal numbers."""

from __future__ import annotations

import numpy as np

from monai_covid.data.phantom.arrays import FloatArray

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
