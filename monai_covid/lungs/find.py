"""Lung fields of one image."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.lungs.fields import LungFields
from monai_covid.lungs.measures import measure
from monai_covid.lungs.network import LungNetwork
from monai_covid.lungs.plausibility import LIMITS, find_faults
from monai_covid.lungs.prepare import prepare
from monai_covid.lungs.regions import separate_fields, to_image
from monai_covid.lungs.weights import shipped_hash, shipped_network


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
        return f"the image is {height} x {width} pixels; {LIMITS.side} each way are needed"
    if max(height, width) > LIMITS.aspect * min(height, width):
        return f"the image is {height} x {width} pixels, longer than {LIMITS.aspect:g} to 1"
    greys = len(np.unique(pixels[:: max(1, height // 256), :: max(1, width // 256)]))
    if greys < LIMITS.greys:
        return f"the image has {greys} grey values; {LIMITS.greys} are needed"
    return ""
