"""How alike two images are, pixel by pixel, once one is laid over the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from monai_covid.audits.leaks.descriptor import describe
from monai_covid.audits.leaks.orientation import ORIENTATIONS, oriented
from monai_covid.audits.leaks.registration import FloatArray, pyramid, register, warp

THRESHOLD = 0.65
"""Measured on 1,682 radiographs: 15 pairs of two collections, copies as it seems, score 0.70 to
0.97, 400 random pairs of different patients at most 0.33. Others of one patient reach 0.73.
Where different patients are more alike, as phantoms are, ``Background`` asks for more."""

LEAST_OVERLAP = 0.6
"""Part of the image; less is no copy of the image."""

CLOSE = 0.15
"""Orientations whose correlation is this close to the best one are tried as well."""

TRIED = 3
"""Orientations at most."""


def likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[float, str]:
    """Return the score of two thumbnails ``(96, 96)`` and how the second one lies.

    The score is the normalised cross-correlation of the fine structure after registration, in the
    orientation and polarity that fits best: 1 for the same image, 0 for nothing in common.

    Returns:
        Score in [-1, 1]; orientation such as ``upright`` or ``mirrored, inverted``.
    """
    found = []
    for number, inverted in _orientations(first, second):
        turned = oriented(first, number)
        score = registered_correlation(255 - turned if inverted else turned, second)
        found.append((score, ORIENTATIONS[number] + (", inverted" if inverted else "")))
    return max(found, key=lambda one: one[0])


def registered_correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the correlation of fine structure after registration; 0 if none is found."""
    fixed, moving = _unit_range(first), _unit_range(second)
    place = register(pyramid(fixed), pyramid(moving))
    if place is None:
        return 0.0
    seen, inside = warp(fine_structure(moving), place)
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    return _correlation(fine_structure(fixed)[inside], seen[inside])


def fine_structure(image: FloatArray) -> FloatArray:
    """Return detail of 0.5 to 1.5 pixels, of the same strength everywhere.

    Without the latter the edges of film and collimator outweigh ribs and vessels, and they are
    alike in different patients.
    """
    detail = gaussian_filter(image, 0.5) - gaussian_filter(image, 1.5)
    strength = np.sqrt(gaussian_filter(detail * detail, 3.0) + 0.02**2)
    even: FloatArray = detail / strength
    return even


def _unit_range(image: NDArray[Any]) -> FloatArray:
    return image.astype(np.float32) / np.float32(255)


def _orientations(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> list[tuple[int, bool]]:
    turned = np.stack([oriented(first, number) for number in range(len(ORIENTATIONS))])
    fits = describe(turned) @ describe(second[None])[0]
    best = np.argsort(-np.abs(fits), kind="stable")[:TRIED]
    close = best[np.abs(fits[best]) >= np.abs(fits[best[0]]) - CLOSE]
    return [(int(number), bool(fits[number] < 0)) for number in close]


def _correlation(first: FloatArray, second: FloatArray) -> float:
    one, two = first - first.mean(), second - second.mean()
    length = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / length if length > 0 else 0.0
