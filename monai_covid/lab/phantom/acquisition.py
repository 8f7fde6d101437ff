"""From attenuation to grey values: Beer-Lambert law, quantum noise, detector, display.

A ray with attenuation integral A lets the part exp(-A) of the X-rays through (Beer-Lambert law).
The display is that of a film: air is dark, bone is bright (MONOCHROME2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from monai_covid.lab.phantom.formulas import BoolArray, FloatArray
from monai_covid.lab.phantom.randomness import Stream, around, between, random_stream


@dataclass(frozen=True)
class Exposure:
    """How one image was taken and is shown.

    Attributes:
        quanta: Mean number of X-ray quanta that would reach a pixel without a patient.
        scatter: Scattered radiation relative to the mean of what the body lets through.
        blur: Standard deviation of the detector's point spread in pixels.
        low: Effective attenuation that is shown as black.
        high: Effective attenuation that is shown as white.
        contrast: Steepness of the display curve.
        background: Mean transmission, which the scatter is relative to.
    """

    quanta: float
    scatter: float
    blur: float
    low: float
    high: float
    contrast: float
    background: float


def transmission(attenuation: FloatArray) -> FloatArray:
    """Return the part of the X-rays that passes, exp(-attenuation), in (0, 1]."""
    result: FloatArray = np.exp(-attenuation)
    return result


def choose_exposure(
    seed: int, image: tuple[int, int], attenuation: FloatArray, lungs: BoolArray
) -> Exposure:
    """Set exposure and display window by the healthy chest, so that no finding changes them.

    Args:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        attenuation: (H, W) of the healthy chest.
        lungs: (H, W) where lung is seen.
    """
    random = random_stream(seed, Stream.EXPOSURE, *image)
    lung_level = float(attenuation[lungs].mean())
    centre = float(np.quantile(attenuation[::4, ::4], 0.9))
    background = float(np.exp(-attenuation[::2, ::2][attenuation[::2, ::2] > 0.5]).mean())
    scatter = between(random, 0.12, 0.3)
    ends = [-np.log(np.exp(-level) + scatter * background) for level in (lung_level, centre)]
    reach = ends[1] - ends[0]
    return Exposure(
        quanta=between(random, 3e4, 1.5e5),
        scatter=scatter,
        blur=between(random, 0.45, 0.75),
        low=ends[0] - reach * around(random, 0.75, 0.1),
        high=ends[1] + reach * around(random, 0.18, 0.1),
        contrast=around(random, 4.2, 0.5),
        background=background,
    )


def expose(
    attenuation: FloatArray, exposure: Exposure, noise: FloatArray | None = None
) -> FloatArray:
    """Return what the detector measures, as a part of the unattenuated beam.

    Args:
        attenuation: (H, W) line integrals.
        exposure: Settings.
        noise: (H, W) standard normal numbers; None for an image without quantum noise. The noise is
            Poisson-like: its variance equals the number of quanta.
    """
    signal = transmission(attenuation) + exposure.scatter * exposure.background
    if noise is not None:
        signal = signal + np.sqrt(signal / exposure.quanta) * noise
    measured: FloatArray = gaussian_filter(signal, exposure.blur, mode="nearest", truncate=3.0)
    return measured


def display(measured: FloatArray, exposure: Exposure) -> FloatArray:
    """Return grey values in [0, 255]: a sigmoid of the logarithm; less radiation is brighter."""
    level = -np.log(np.maximum(measured, 1e-6))
    part = np.clip((level - exposure.low) / (exposure.high - exposure.low), 0.0, 1.0)
    curve = 1.0 / (1.0 + np.exp(-exposure.contrast * (part - 0.5)))
    ends = 1.0 / (1.0 + np.exp(exposure.contrast * np.array([0.5, -0.5])))
    result: FloatArray = 255.0 * (curve - ends[0]) / (ends[1] - ends[0])
    return result


def draw_noise(seed: int, image: tuple[int, int], shape: tuple[int, int]) -> FloatArray:
    """Return (H, W) standard normal numbers."""
    return random_stream(seed, Stream.QUANTUM_NOISE, *image).standard_normal(shape)
