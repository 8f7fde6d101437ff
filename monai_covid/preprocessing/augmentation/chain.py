"""The random transforms of training, in their order."""

from __future__ import annotations

from monai.config import KeysCollection
from monai.transforms import MapTransform

from monai_covid.preprocessing.augmentation.borders import RandomBorderd
from monai_covid.preprocessing.augmentation.erasing import RandomErasingd
from monai_covid.preprocessing.augmentation.grey_jitter import RandomGreyd
from monai_covid.preprocessing.augmentation.placement import RandomPlacementd

IMAGE_KEYS = ("image",)
REFERENCE_SIZE = 224
"""Pixels; the input size that ``translation_pixels`` refers to."""


def augmentation_transforms(
    keys: KeysCollection = IMAGE_KEYS,
    size: int = REFERENCE_SIZE,
    rotation_degrees: float = 40.0,
    translation_pixels: float = 28.0,
    flip_probability: float = 0.5,
    *,
    aspect_range: float = 0.0,
    border_probability: float = 0.0,
    grey_jitter: float = 0.0,
    erase_probability: float = 0.0,
    placement_fill: str = "black",
) -> list[MapTransform]:
    """Return the random placement, with the ranges of Bassi & Attux (2022) by default.

    Where chosen, random grey values and borders come before it, so that both are turned with the
    picture and what it leaves free is filled likewise; erasing comes after it.

    Args:
        keys: Keys of images (1, size, size), float32 in [0, 1].
        size: Side of the images in pixels.
        rotation_degrees: Largest rotation either way.
        translation_pixels: Largest shift either way at 224 pixels; scaled with ``size``.
        flip_probability: Probability that left and right are exchanged.
        aspect_range: See `RandomPlacementd`; 0 for none.
        border_probability: See `RandomBorderd`; 0 for none.
        grey_jitter: Strength, see `RandomGreyd`; 0 for none.
        erase_probability: See `RandomErasingd`; 0 for none.
        placement_fill: ``black`` or ``edge``: what is put where a placed image does not reach.
    """
    translation = translation_pixels * size / REFERENCE_SIZE
    placement = RandomPlacementd(
        keys,
        rotation_degrees,
        translation,
        flip_probability,
        aspect_range=aspect_range,
        fill=placement_fill,
    )
    grey = [RandomGreyd(keys, grey_jitter)] if grey_jitter else []
    borders = [RandomBorderd(keys, border_probability)] if border_probability else []
    erasing = [RandomErasingd(keys, erase_probability)] if erase_probability else []
    return [*grey, *borders, placement, *erasing]
