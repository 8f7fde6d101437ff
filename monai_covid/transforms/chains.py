"""The transforms in their order.

Reading, equalising and resizing come first and are the same for training, inference and DICOM, so
MONAI's caching data sets cache exactly these; then the random placement, in training only; then the
standardisation. Placement comes before standardisation because it fills with 0, which is black
only there.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import Compose, MapTransform
from numpy.typing import NDArray

from monai_covid.data.images import read_image
from monai_covid.transforms.equalise import EqualizeHistogramd
from monai_covid.transforms.normalise import StandardizeGreyd
from monai_covid.transforms.placement import RandomPlacementd
from monai_covid.transforms.read import ReadRadiographd
from monai_covid.transforms.resize import SquareResized

IMAGE_KEYS = ("image",)
REFERENCE_SIZE = 224
"""Pixels; the input size that ``translation_pixels`` refers to."""


def deterministic_transforms(
    keys: KeysCollection = IMAGE_KEYS, size: int = REFERENCE_SIZE
) -> list[MapTransform]:
    """Return reading, equalising and resizing: path to (1, size, size) float32 in [0, 1]."""
    return [ReadRadiographd(keys), *_pixel_transforms(keys, size)]


def augmentation_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    rotation_degrees: float = 40.0,
    translation_pixels: float = 28.0,
    flip_probability: float = 0.5,
) -> list[MapTransform]:
    """Return the random placement, with the ranges of Bassi & Attux (2022) by default.

    Args:
        keys: Keys of images (1, size, size), float32 in [0, 1].
        size: Side of the images in pixels.
        rotation_degrees: Largest rotation either way.
        translation_pixels: Largest shift either way at 224 pixels; scaled with ``size``.
        flip_probability: Probability that left and right are exchanged.
    """
    translation = translation_pixels * size / REFERENCE_SIZE
    return [RandomPlacementd(keys, rotation_degrees, translation, flip_probability)]


def normalisation_transforms(
    keys: KeysCollection = IMAGE_KEYS, channels: int = 1
) -> list[MapTransform]:
    """Return the standardisation: (1, H, W) in [0, 1] to (channels, H, W); channels is 1 or 3."""
    return [StandardizeGreyd(keys, channels)]


def training_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    channels: int = 1,
    *,
    rotation_degrees: float = 40.0,
    translation_pixels: float = 28.0,
    flip_probability: float = 0.5,
) -> Compose:
    """Return the chain for training: path to (channels, size, size) float32, plain tensor.

    ``set_random_state(seed)`` makes the sequence of placements repeatable.

    Args:
        keys: Keys of the paths.
        size: Side of the network's input in pixels.
        channels: 1 or 3.
        rotation_degrees: See `augmentation_transforms`.
        translation_pixels: See `augmentation_transforms`.
        flip_probability: See `augmentation_transforms`.
    """
    augmentation = augmentation_transforms(
        keys, size, rotation_degrees, translation_pixels, flip_probability
    )
    return Compose(
        [
            *deterministic_transforms(keys, size),
            *augmentation,
            *normalisation_transforms(keys, channels),
        ]
    )


def inference_transforms(
    keys: KeysCollection = IMAGE_KEYS, size: int = REFERENCE_SIZE, channels: int = 1
) -> Compose:
    """Return the chain for inference: path to (channels, size, size) float32, plain tensor."""
    return Compose(
        [*deterministic_transforms(keys, size), *normalisation_transforms(keys, channels)]
    )


def preprocess_file(
    path: Path | str, size: int = REFERENCE_SIZE, channels: int = 1
) -> torch.Tensor:
    """Return the network input (channels, size, size) for an image file.

    Raises:
        ImageReadError: The file cannot be read or is not a radiograph. (The same file in a
            ``Compose`` gives MONAI's RuntimeError with the ImageReadError as its cause.)
    """
    return preprocess_pixels(read_image(path), size, channels)


def preprocess_pixels(
    pixels: NDArray[Any], size: int = REFERENCE_SIZE, channels: int = 1
) -> torch.Tensor:
    """Return the network input (channels, size, size) for grey values that were read already.

    Args:
        pixels: (H, W), larger is brighter, any scale: the result of `read_image` or
            `read_radiograph`.
        size: Side of the network's input in pixels.
        channels: 1 or 3.
    """
    image = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))[None]
    sample: dict[Hashable, Any] = {"image": image}
    for transform in _pixel_transforms("image", size) + normalisation_transforms("image", channels):
        sample = transform(sample)
    return cast(torch.Tensor, sample["image"])


def _pixel_transforms(keys: KeysCollection, size: int) -> list[MapTransform]:
    return [EqualizeHistogramd(keys), SquareResized(keys, size)]
