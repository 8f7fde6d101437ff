"""Similarity of two images: the correlation of their fine structure after registration."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter, map_coordinates

from monai_covid.audits.leaks.image_set import MIRRORED, ORIENTATIONS, SIDE, oriented
from monai_covid.preprocessing.resize import resize_to_square

FloatArray = NDArray[np.float32]

THRESHOLD = 0.65
"""Measured on 1,682 radiographs: 15 pairs of two collections, copies as it seems, score 0.70 to
0.97, 400 random pairs of different patients at most 0.33. Others of one patient reach 0.73.
Where different patients are more similar, as phantoms are, ``Background`` asks for more."""

LEAST_OVERLAP = 0.6
"""Part of the image; less is no copy of the image."""

CLOSE = 0.15
"""Orientations whose correlation is this close to the best one are tried as well."""

TRIED = 3
"""Orientations at most."""


def similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[float, str]:
    """Return the score of two thumbnails ``(96, 96)`` and how the second one lies.

    The score is the normalised cross-correlation of the fine structure after registration, in the
    orientation and polarity that fits best: 1 for the same image, 0 for nothing in common.

    Returns:
        Score in [-1, 1]; orientation such as ``upright`` or ``mirrored, inverted``.
    """
    scores = []
    for number, inverted in _orientations(first, second):
        turned = oriented(first, number)
        score = registered_correlation(255 - turned if inverted else turned, second)
        scores.append((score, ORIENTATIONS[number] + (", inverted" if inverted else "")))
    return max(scores, key=lambda scored: scored[0])


def registered_correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the correlation of fine structure after registration; 0 if none is found."""
    fixed, moving = _unit_range(first), _unit_range(second)
    place = register(pyramid(fixed), pyramid(moving))
    if place is None:
        return 0.0
    warped, inside = warp(fine_structure(moving), place)
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    return _correlation(fine_structure(fixed)[inside], warped[inside])


def fine_structure(image: FloatArray) -> FloatArray:
    """Return detail of 0.5 to 1.5 pixels, of the same strength everywhere.

    Without the latter the edges of film and collimator outweigh ribs and vessels, and they are
    similar in different patients.
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
    first, second = first - first.mean(), second - second.mean()
    length = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / length if length > 0 else 0.0


LEVELS = (4, 2, 1)
"""Reductions of the thumbnail, one after the other."""

STEPS = 8

LARGEST_CHANGE = 0.3
"""Of the matrix, from the identity; copies that are cropped by 20 % need 0.25."""

LARGEST_SHIFT = 0.4
"""In half image sides."""


class Affine(NamedTuple):
    """Where to look in the second image, in coordinates from -1 to 1.

    Attributes:
        matrix: ``(2, 2)``, for (x, y).
        shift: ``(2,)``.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]


def register(fixed: list[FloatArray], moving: list[FloatArray]) -> Affine | None:
    """Return how to lay ``moving`` over ``fixed`` (two pyramids); None if it diverges.

    Shift, scale and small shear by Gauss-Newton, coarse to fine, in the efficient second-order
    variant, which follows the mean gradient of both images (Benhimane & Malis, IROS 2004). Images
    are band-passed, so that grey levels do not matter.
    """
    place = Affine(np.eye(2), np.zeros(2))
    for still, other in zip(fixed, moving, strict=True):
        for _ in range(STEPS):
            step = _step(still, other, place)
            place = Affine(
                place.matrix @ (np.eye(2) + step.matrix), place.matrix @ step.shift + place.shift
            )
            if _diverged(place):
                return None
            if max(np.abs(step.matrix).max(), np.abs(step.shift).max()) < 1e-3:
                break
    return place


def pyramid(image: FloatArray) -> list[FloatArray]:
    """Return band-passed images ``(S / 4, S / 4)`` to ``(S, S)``, coarse to fine."""
    return [_band(_reduced(image, factor)) for factor in LEVELS]


def warp(image: FloatArray, place: Affine) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return ``image`` ``(S, S)`` as seen through ``place``, and which pixels lie inside it."""
    side = len(image)
    x, y = _coordinates(side)
    (a, b), (c, d) = place.matrix
    at_x, at_y = a * x + b * y + place.shift[0], c * x + d * y + place.shift[1]
    inside = (np.abs(at_x) <= 1) & (np.abs(at_y) <= 1)
    rows, columns = ((at + 1) * side / 2 - 0.5 for at in (at_y, at_x))
    return map_coordinates(image, [rows, columns], order=1, mode="nearest"), inside


def _step(still: FloatArray, other: FloatArray, place: Affine) -> Affine:
    warped, inside = warp(other, place)
    x, y = _coordinates(len(still))
    down, across = (
        (slope + warped_slope) * len(still) / 4
        for slope, warped_slope in zip(np.gradient(still), np.gradient(warped), strict=True)
    )
    columns = (across * x, across * y, down * x, down * y, across, down)
    slopes = np.stack([column[inside] for column in columns], axis=1)
    normal = slopes.T @ slopes
    damping = 1e-3 * max(np.trace(normal), 1e-9) / 6 * np.eye(6)
    solved = np.linalg.solve(normal + damping, slopes.T @ (still - warped)[inside])
    return Affine(solved[:4].reshape(2, 2), solved[4:])


def _diverged(place: Affine) -> bool:
    change = np.abs(place.matrix - np.eye(2)).max()
    return bool(change > LARGEST_CHANGE or np.abs(place.shift).max() > LARGEST_SHIFT)


def _coordinates(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centres = (np.arange(side) + 0.5) * 2 / side - 1
    x, y = np.meshgrid(centres, centres)
    return x, y


def _reduced(image: FloatArray, factor: int) -> FloatArray:
    side = len(image) // factor
    reduced: FloatArray = image.reshape(side, factor, side, factor).mean(axis=(1, 3))
    return reduced


def _band(image: FloatArray) -> FloatArray:
    band = gaussian_filter(image, 0.7) - gaussian_filter(image, len(image) / 12)
    scaled: FloatArray = (band - band.mean()) / (band.std() + 1e-6)
    return scaled


DCT_SIDE = 32

COEFFICIENTS = 12


class Variant(NamedTuple):
    """A view of an image that is compared with whole images.

    Attributes:
        orientation: Number in ``ORIENTATIONS``.
        window: Top, left, and side of the square that is looked at, in pixels of a thumbnail.
    """

    orientation: int
    window: tuple[int, int, int] = (0, 0, SIDE)


WINDOWS = tuple(
    (top, left, side)
    for side in (round(0.95 * SIDE), round(0.9 * SIDE))
    for top in (0, (SIDE - side) // 2, SIDE - side)
    for left in (0, (SIDE - side) // 2, SIDE - side)
)
"""5 or 10 % less in height and width, at either edge or at both."""

VARIANTS = (
    *(Variant(number) for number in range(len(ORIENTATIONS))),
    *(Variant(number, window) for number in (0, MIRRORED) for window in WINDOWS),
)
"""All turns of the whole image, and crops of the upright and of the mirrored one."""


def describe(thumbnails: NDArray[Any], variant: Variant = VARIANTS[0]) -> NDArray[np.float32]:
    """Return unit descriptors ``(N, 144)`` of thumbnails ``(N, 96, 96)``; all 0 for a flat one.

    The first 12 x 12 coefficients of the discrete cosine transform of the 32 x 32 thumbnail,
    weighted with their frequency. Chests look similar in the lowest frequencies; the weight lets
    those decide that differ between persons. By Parseval's theorem the scalar product of two
    descriptors is the correlation of the two thumbnails after such a filter. An inverted image has
    the negative descriptor.
    """
    top, left, side = variant.window
    view = oriented(thumbnails, variant.orientation)
    view = np.ascontiguousarray(view[:, top : top + side, left : left + side], dtype=np.float32)
    small = resize_to_square(torch.from_numpy(view), DCT_SIDE).numpy() / 255
    low = dctn(small, axes=(1, 2), norm="ortho")[:, :COEFFICIENTS, :COEFFICIENTS]
    frequency = np.hypot(*np.indices((COEFFICIENTS, COEFFICIENTS)))
    weighted = (low * frequency).reshape(len(low), -1)
    length = np.linalg.norm(weighted, axis=1, keepdims=True)
    # Rounding errors of a flat image are no pattern.
    flat = length < 1e-3
    units: NDArray[np.float32] = np.where(flat, 0, weighted / np.where(flat, 1, length))
    return units.astype(np.float32)
