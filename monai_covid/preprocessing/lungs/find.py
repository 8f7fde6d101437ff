"""The lung fields of one image: what the network finds, cleaned and checked for plausibility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, binary_opening, label
from torch.nn import functional as F

from monai_covid.preprocessing.lungs.network import (
    LungNetwork,
    prepare,
    shipped_hash,
    shipped_network,
)
from monai_covid.preprocessing.lungs.plausibility import LIMITS, find_faults, measure

BoolArray = NDArray[np.bool_]

SMOOTHING = 3
"""Radius in pixels of the disc that a region must hold: half a rib; spurs are thinner."""


@dataclass(frozen=True, eq=False)
class LungFields:
    """The lung fields of one image.

    Sides are those of the image, not of the patient: an image may have been mirrored.

    Attributes:
        left: (H, W) bool, the field on the left of the image; may be empty.
        right: (H, W) bool, the field on the right of the image; may be empty.
        plausible: Whether these look like the two lungs of an upright frontal chest radiograph.
        reason: Why not, in plain words, all reasons in one text; empty if plausible.
        chest_score: How sure the network is that this is an upright frontal chest, 0 to 1; not a
            calibrated probability.
    """

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    plausible: bool
    reason: str
    chest_score: float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Both fields, (H, W) bool."""
        both: NDArray[np.bool_] = self.left | self.right
        return both

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Rows and columns (top, bottom, first, last + 1) around both; None without lungs."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        if not rows.size:
            return None
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def find_lungs(pixels: NDArray[Any], network: LungNetwork | None = None) -> LungFields:
    """Find both lung fields of a frontal chest radiograph.

    Opacities inside a lung belong to its field; what heart and diaphragm hide does not. Whether the
    result can be trusted is in ``plausible``; the masks are there either way.

    Args:
        pixels: (H, W), larger is brighter, any scale: the result of `read_image`.
        network: Other weights than those of the package.

    Raises:
        ValueError: If ``pixels`` is not a plane with pixels, not real numbers, or not finite.
    """
    pixels = _check(pixels)
    fault = _image_fault(pixels)
    if fault:
        nothing = np.zeros(pixels.shape, dtype=np.bool_)
        return LungFields(nothing, nothing.copy(), False, fault, 0.0)
    probabilities, chest_score = predict(network or shipped_network(), pixels)
    left, right = separate_fields(probabilities)
    faults = find_faults(measure(left, right, probabilities), chest_score)
    return LungFields(
        left=to_image(left, pixels.shape),
        right=to_image(right, pixels.shape),
        plausible=not faults,
        reason="; ".join(faults),
        chest_score=chest_score,
    )


def finder_version() -> str:
    """Return what tells these lungs from those that other weights would find."""
    return shipped_hash()


def predict(network: LungNetwork, pixels: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Return probabilities (2, 128, 128) of the fields, and that of an upright frontal chest."""
    with torch.inference_mode():
        fields, chest = network(torch.from_numpy(prepare(pixels))[None])
    probabilities: NDArray[np.float32] = torch.sigmoid(fields)[0].numpy()
    return probabilities, float(torch.sigmoid(chest)[0])


def _check(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.ndim != 2 or not pixels.size:
        raise ValueError(f"pixels have shape {pixels.shape}; (H, W) with pixels is needed")
    if pixels.dtype.kind not in "buif":
        raise ValueError(f"pixels are {pixels.dtype}; real numbers are needed")
    bad = int(np.count_nonzero(~np.isfinite(pixels)))
    if bad:
        raise ValueError(f"{bad} pixels are not finite; every grey value must be a number")
    return pixels


def _image_fault(pixels: NDArray[Any]) -> str:
    height, width = pixels.shape
    if min(height, width) < LIMITS.side:
        needed = f"at least {LIMITS.side} x {LIMITS.side} are needed"
        return f"the image is {height} x {width} pixels; {needed}"
    if max(height, width) > LIMITS.aspect * min(height, width):
        return f"the image is {height} x {width} pixels, longer than {LIMITS.aspect:g} to 1"
    greys = len(np.unique(pixels[:: max(1, height // 256), :: max(1, width // 256)]))
    if greys < LIMITS.greys:
        return f"the image has {greys} grey values; {LIMITS.greys} are needed"
    return ""


def separate_fields(probabilities: NDArray[np.float32]) -> tuple[BoolArray, BoolArray]:
    """Return the fields on the left and on the right of the image, (N, N) each.

    A pixel belongs to the side that is more probable, if that is above one half. Spurs of each side
    are cut off (opening by a disc), then its largest connected region stays, its holes filled.

    Args:
        probabilities: (2, N, N) of the left and of the right field.
    """
    is_left = probabilities[0] >= probabilities[1]
    inside = probabilities.max(axis=0) > 0.5
    left, right = (without_spurs(inside & side) for side in (is_left, ~is_left))
    return largest_region(left), largest_region(right)


def without_spurs(mask: BoolArray) -> BoolArray:
    """Return the union of all discs of radius ``SMOOTHING`` that lie within ``mask``.

    The mask goes on beyond the edge of the image as it is there, so that lungs which the image
    cuts off keep their corners.
    """
    across = np.arange(-SMOOTHING, SMOOTHING + 1)
    disc = across[:, None] ** 2 + across[None] ** 2 <= SMOOTHING**2
    padded = np.pad(mask, 2 * SMOOTHING, mode="edge")
    inner = slice(2 * SMOOTHING, -2 * SMOOTHING)
    opened: BoolArray = binary_opening(padded, disc)[inner, inner]
    return opened


def largest_region(mask: BoolArray) -> BoolArray:
    """Return the largest connected region (by edges) of ``mask`` with its holes filled."""
    labels, count = label(mask)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    filled: BoolArray = binary_fill_holes(labels == sizes.argmax())
    return filled


def to_image(mask: BoolArray, shape: tuple[int, int]) -> BoolArray:
    """Return ``mask`` (N, N) stretched to ``shape`` (H, W), its outline interpolated."""
    field = torch.from_numpy(mask.astype(np.float32))[None, None]
    stretched = F.interpolate(field, size=shape, mode="bilinear", align_corners=False)
    result: BoolArray = stretched[0, 0].numpy() > 0.5
    return result
