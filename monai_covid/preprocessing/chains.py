"""The transforms in their order.

Reading, equalising and resizing, and the search for lungs and text where the network was trained
with it, come first and are the same for training, inference and DICOM, so MONAI's caching data sets
cache exactly these; then the random placement, in training only; then the
standardisation. Placement comes before standardisation because it fills with 0, which is black
only there.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import Compose, MapTransform
from numpy.typing import NDArray

from monai_covid.data.images import read_image
from monai_covid.preprocessing.augmentation.chain import (
    IMAGE_KEYS,
    REFERENCE_SIZE,
    augmentation_transforms,
)
from monai_covid.preprocessing.grey_levels import EqualizeHistogramd
from monai_covid.preprocessing.normalise import StandardizeGreyd
from monai_covid.preprocessing.prepare import PrepareRadiographd, ReadRadiographd, prepare_grey
from monai_covid.preprocessing.region import Region, find_region, whole_region
from monai_covid.preprocessing.resize import SquareResized
from monai_covid.preprocessing.settings import PLAIN, Preprocessing


class Prepared(NamedTuple):
    """An image as a network takes it.

    Attributes:
        image: (channels, size, size) float32.
        region: What it shows of the image.
    """

    image: torch.Tensor
    region: Region


def deterministic_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    preprocessing: Preprocessing = PLAIN,
) -> list[MapTransform]:
    """Return reading, equalising and resizing: path to (1, size, size) float32 in [0, 1].

    Args:
        keys: Keys of the paths.
        size: Side of the network's input in pixels.
        preprocessing: What the network was trained with; see `PrepareRadiographd`.

    Raises:
        OptionError: If text is to be found and the packages of the extra ``audit`` are missing.
    """
    return [ReadRadiographd(keys), *_pixel_transforms(keys, size, preprocessing)]


def normalisation_transforms(
    keys: KeysCollection = IMAGE_KEYS, channels: int = 1, scale: str = "imagenet"
) -> list[MapTransform]:
    """Return the standardisation: (1, H, W) in [0, 1] to (channels, H, W); channels is 1 or 3."""
    return [StandardizeGreyd(keys, channels, scale)]


def training_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    channels: int = 1,
    *,
    rotation_degrees: float = 40.0,
    translation_pixels: float = 28.0,
    flip_probability: float = 0.5,
    aspect_range: float = 0.0,
    border_probability: float = 0.0,
    grey_jitter: float = 0.0,
    erase_probability: float = 0.0,
    placement_fill: str = "black",
    preprocessing: Preprocessing = PLAIN,
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
        aspect_range: See `augmentation_transforms`.
        border_probability: See `augmentation_transforms`.
        grey_jitter: See `augmentation_transforms`.
        erase_probability: See `augmentation_transforms`.
        placement_fill: See `augmentation_transforms`.
        preprocessing: What is done to every image; see `PrepareRadiographd`.
    """
    augmentation = augmentation_transforms(
        keys,
        size,
        rotation_degrees,
        translation_pixels,
        flip_probability,
        aspect_range=aspect_range,
        border_probability=border_probability,
        grey_jitter=grey_jitter,
        erase_probability=erase_probability,
        placement_fill=placement_fill,
    )
    return Compose(
        [
            *deterministic_transforms(keys, size, preprocessing),
            *augmentation,
            *normalisation_transforms(keys, channels, preprocessing.scale),
        ]
    )


def inference_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    channels: int = 1,
    preprocessing: Preprocessing = PLAIN,
) -> Compose:
    """Return the chain for inference: path to (channels, size, size) float32, plain tensor."""
    return Compose(
        [
            *deterministic_transforms(keys, size, preprocessing),
            *normalisation_transforms(keys, channels, preprocessing.scale),
        ]
    )


def preprocess_file(
    path: Path | str,
    size: int = REFERENCE_SIZE,
    channels: int = 1,
    preprocessing: Preprocessing = PLAIN,
) -> torch.Tensor:
    """Return the network input (channels, size, size) for an image file.

    Raises:
        ImageReadError: The file cannot be read or is not a radiograph. (The same file in a
            ``Compose`` gives MONAI's RuntimeError with the ImageReadError as its cause.)
    """
    return preprocess_pixels(read_image(path), size, channels, preprocessing)


def preprocess_pixels(
    pixels: NDArray[Any],
    size: int = REFERENCE_SIZE,
    channels: int = 1,
    preprocessing: Preprocessing = PLAIN,
) -> torch.Tensor:
    """Return the network input (channels, size, size) for grey values that were read already.

    Args:
        pixels: (H, W), larger is brighter, any scale: the result of `read_image` or
            `read_radiograph`.
        size: Side of the network's input in pixels.
        channels: 1 or 3.
        preprocessing: What the network was trained with.
    """
    return prepare_pixels(pixels, size, channels, preprocessing).image


def prepare_pixels(
    pixels: NDArray[Any],
    size: int,
    channels: int,
    preprocessing: Preprocessing,
    region: Region | None = None,
) -> Prepared:
    """Return the network input for grey values, and what it shows of them.

    Args:
        pixels: (H, W), larger is brighter, any scale.
        size: Side of the network's input in pixels.
        channels: 1 or 3.
        preprocessing: What the network was trained with.
        region: What is shown; None: what `find_region` finds. For a changed version of an image, of
            which the same part is to be shown as of the image itself.
    """
    values = np.ascontiguousarray(pixels, dtype=np.float32)
    if preprocessing.is_plain:
        region = whole_region(values.shape)
        sample: dict[Hashable, Any] = {"image": torch.from_numpy(values)[None]}
        for transform in _pixel_transforms("image", size, preprocessing):
            sample = transform(sample)
    else:
        region = region or find_region(values, preprocessing)
        sample = {"image": prepare_grey(values, size, preprocessing, region)}
    for transform in normalisation_transforms("image", channels, preprocessing.scale):
        sample = transform(sample)
    return Prepared(cast(torch.Tensor, sample["image"]), region)


def _pixel_transforms(
    keys: KeysCollection, size: int, preprocessing: Preprocessing
) -> list[MapTransform]:
    if preprocessing.is_plain:
        return [EqualizeHistogramd(keys), SquareResized(keys, size)]
    return [PrepareRadiographd(keys, size, preprocessing)]
