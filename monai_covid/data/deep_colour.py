"""Colour and transparency of 16 bits per channel, of which Pillow gives only the upper 8 bits.

Pillow can unpack such pixels from either byte order, and keeps the first byte that it takes for the
higher one. So a picture that is decoded once in its own byte order and once in the other gives both
bytes of each channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

_OTHER_ORDER = {"16B": "16L", "16L": "16B", "16N": "16B"}
"""Of 16N: machines that this runs on are little endian."""

_COLOURS = ("RGB", "RGBA", "RGBX")
_GREY_AND_ALPHA = "LA;16B"
_DEEP = (";16B", ";16L", ";16N")
_BITS_PER_SAMPLE_TAG = 258
_PLANAR_CONFIGURATION_TAG = 284
_LUMA = (19595, 38470, 7471)
"""ITU-R 601 in parts of 65,536, as Pillow has it; they add up, so that grey stays as it is."""

Channels = NDArray[np.uint16]


def has_deep_channels(image: Image.Image) -> bool:
    """Say whether a picture in colour or with transparency has more than 8 bits per channel.

    Args:
        image: Opened and not decoded yet.
    """
    if image.mode.startswith(("I", "F")):
        return False
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE_TAG, (8,))
    return max(bits) > 8 or any(raw.endswith(_DEEP) for raw in _raw_modes(image))


def deep_grey(open_again: Callable[[], ImageFile.ImageFile]) -> NDArray[np.float32]:
    """Return the grey values of a picture with 16 bits per channel.

    Args:
        open_again: Opens the picture anew, not decoded.

    Returns:
        Grey values (H, W), 0 to 65535: ITU-R 601 luma, transparency laid over black, upright.

    Raises:
        ValueError: Channels are stored in a way that Pillow does not unpack whole.
    """
    first = open_again()
    raw_modes, planes = _raw_modes(first), _tags(first).get(_PLANAR_CONFIGURATION_TAG, 1)
    if raw_modes == {_GREY_AND_ALPHA}:
        channels = _grey_and_alpha(first)
    elif planes == 1 and all(_is_colour(raw_mode) for raw_mode in raw_modes):
        channels = _both_bytes(first, open_again())
    else:
        stored = " / ".join(sorted(raw_modes))
        raise ValueError(
            f"has {first.mode} with more than 8 bits per channel, stored as {stored}; of such "
            "pictures grey, grey with transparency, RGB and RGBA are read"
        )
    transparent = first.info.get("transparency")
    if isinstance(transparent, tuple):
        channels[(channels[..., :3] == transparent).all(axis=2)] = 0
    has_alpha = channels.shape[2] == 2 or next(iter(raw_modes)).startswith("RGBA")
    grey = _luma(channels[..., : 1 if channels.shape[2] == 2 else 3])
    return np.rint(grey * (channels[..., -1] / np.float32(65535))) if has_alpha else grey


def _tags(image: Image.Image) -> dict[int, int]:
    return getattr(image, "tag_v2", {})


def _raw_modes(image: Image.Image) -> set[str]:
    """Return how the pixels of each tile are unpacked."""
    arguments = (tile[3] for tile in getattr(image, "tile", ()))
    return {args if isinstance(args, str) else str(args[0]) for args in arguments if args}


def _is_colour(raw_mode: str) -> bool:
    colours, _, depth = raw_mode.partition(";")
    return colours in _COLOURS and depth in _OTHER_ORDER


def _both_bytes(upper: Image.Image, lower: ImageFile.ImageFile) -> Channels:
    lower.tile = [tile._replace(args=_in_other_order(tile.args)) for tile in lower.tile]
    values = _pixels(upper).astype(np.uint16)
    values <<= 8
    values |= _pixels(lower)
    return values


def _in_other_order(args: Any) -> str | tuple[Any, ...]:
    """Return a tile's arguments, which are its raw mode or begin with it."""
    raw_mode, *rest = (args,) if isinstance(args, str) else args
    colours, _, depth = raw_mode.partition(";")
    swapped = f"{colours};{_OTHER_ORDER[depth]}"
    return swapped if isinstance(args, str) else (swapped, *rest)


def _grey_and_alpha(image: ImageFile.ImageFile) -> Channels:
    """Return grey and alpha, whose four bytes are unpacked as if they were four channels."""
    image.tile = [tile._replace(args="RGBA") for tile in image.tile]
    stored = _pixels(image)
    return np.ascontiguousarray(stored).view(">u2").astype(np.uint16)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    upright: NDArray[np.uint8] = np.asarray(ImageOps.exif_transpose(image))
    return upright


def _luma(channels: Channels) -> NDArray[np.float32]:
    if channels.shape[2] == 1:
        return channels[..., 0].astype(np.float32)
    total = np.full(channels.shape[:2], 1 << 15, dtype=np.uint32)
    for channel, weight in enumerate(_LUMA):
        total += channels[..., channel] * np.uint32(weight)
    return (total >> 16).astype(np.float32)
