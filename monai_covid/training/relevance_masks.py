"""Lung masks that go through training with their images."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from copy import copy
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import Compose, MapTransform
from monai.transforms.traits import RandomizableTrait
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from monai_covid.lungs import find_lungs
from monai_covid.transforms import RandomBorderd, RandomPlacementd
from monai_covid.transforms.augment import REFERENCE_SIZE

LUNG_MASK = "lung_mask"
"""Field of an item with its mask."""


class LungMaskd(MapTransform):
    """Find the lungs of each image and keep them as a mask beside it, under ``lung_mask``.

    The mask is ``(1, H, W)`` float32: 1 in the lungs and within the margin around them, else 0. It
    is 0 everywhere if what was found does not look like the lungs of an upright frontal chest
    radiograph.

    Args:
        keys: Key of the image ``(1, H, W)``; of several, the last one's mask stays.
        margin: Pixels around the lungs that count as lungs.
    """

    def __init__(self, keys: KeysCollection, margin: float) -> None:
        """Take the key and the margin."""
        super().__init__(keys)
        self.margin = margin

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the mask."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            sample[LUNG_MASK] = lung_mask(sample[key], self.margin)
        return sample


def lung_mask(image: Tensor, margin: float = 0.0) -> Tensor:
    """Return the lungs of ``image`` ``(1, H, W)`` with a margin in pixels; see `LungMaskd`."""
    fields = find_lungs(image[0].numpy())
    mask = fields.mask if fields.plausible else np.zeros_like(fields.mask)
    return torch.from_numpy(_with_margin(mask, margin).astype(np.float32))[None]


def _with_margin(mask: NDArray[np.bool_], margin: float) -> NDArray[np.bool_]:
    # Without any lungs there is nothing that a distance could be measured to.
    if margin <= 0 or not mask.any():
        return mask
    distances: NDArray[np.float64] = distance_transform_edt(~mask)
    return distances <= margin


def with_lung_masks(chain: Compose, size: int, *, weight: float, margin: float) -> Compose:
    """Return a chain for training that also finds the lungs and places them like their image.

    The mask is found on the preprocessed image, once and before the first random transform, so that
    it is cached with the image.

    Args:
        chain: Deterministic transforms, then random ones, of the field ``image``.
        size: Side of the network's input in pixels.
        weight: Of the penalty the masks are for; without any the chain stays what it is.
        margin: Around the lungs, in pixels of an image of 224; scaled with ``size``.
    """
    if not weight:
        return chain
    steps = [_placing_lungs(step) for step in chain.transforms]
    random = (number for number, step in enumerate(steps) if isinstance(step, RandomizableTrait))
    first = next(random, len(steps))
    find = LungMaskd("image", margin * size / REFERENCE_SIZE)
    return Compose([*steps[:first], find, *steps[first:]])


def _placing_lungs(step: Any) -> Any:
    """Return ``step``, or a copy that places masks too if it moves images."""
    if isinstance(step, RandomBorderd):
        covering = copy(step)
        covering.mask_keys = (LUNG_MASK,)
        return covering
    if not isinstance(step, RandomPlacementd):
        return step
    placing = copy(step)
    placing.keys = (*step.keys, LUNG_MASK)
    return placing
