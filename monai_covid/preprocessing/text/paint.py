"""Burning text into radiographs, to see what a network makes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

USUAL_HEIGHT = (0.03, 0.05)
"""Range of the height of text, as a part of the image's short side."""

MARGIN = 0.03
"""Distance from the edge where text usually stands, as a part of the image's short side."""

WHITE, PLATE = (0.9, 1.0), 0.05
"""Grey of letters (range) and of the plate behind them, between the darkest and the brightest."""

TOO_BRIGHT = 0.6
"""From this grey on, white letters are set on a dark plate, as devices do it."""

FONT_SIZE = 64


class Place(NamedTuple):
    """Where text stands.

    Attributes:
        x: Centre, as a part of the image's width.
        y: Centre, as a part of its height.
        height: Of the box around the letters, as a part of the image's short side.
    """

    x: float
    y: float
    height: float


def paint_text(
    pixels: NDArray[np.floating], text: str, place: Place | None = None, *, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the image with text burnt in, and where it is.

    Args:
        pixels: Grey values (H, W) of any scale.
        text: What to write.
        place: Where; None: in a corner, in a usual size. Text that does not fit is moved inwards
            and, if it must be, made smaller.
        seed: Of brightness, and of place and size where none is given.

    Returns:
        Grey values (H, W), and a mask (H, W), True on letters and their plate.

    Raises:
        ValueError: If the text is empty.
    """
    if not text.strip():
        raise ValueError("the text to paint is empty")
    random = np.random.default_rng(seed)
    brightness = float(random.uniform(*WHITE))
    place = place or _usual_place(random)
    shape = (pixels.shape[0], pixels.shape[1])
    letters = _letters(text, place.height * min(shape), shape)
    box = _box(letters.shape, place, shape)
    low, high = float(pixels.min()), float(pixels.max())
    painted = pixels.astype(np.float32)
    below = painted[box]
    on_plate = float(np.median(below)) > low + TOO_BRIGHT * (high - low)
    if on_plate:
        below = np.full_like(below, low + PLATE * (high - low))
    painted[box] = below + letters * (low + brightness * (high - low) - below)
    mask = np.zeros(shape, dtype=np.bool_)
    mask[box] = (letters > 0) | on_plate
    return painted, mask


def _usual_place(random: np.random.Generator) -> Place:
    x, y = random.integers(2, size=2)
    return Place(float(x), float(y), float(random.uniform(*USUAL_HEIGHT)))


def _letters(text: str, height: float, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel the letters cover, 0 to 1, (h, w)."""
    font = ImageFont.load_default(FONT_SIZE)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    frame = FONT_SIZE // 8
    drawn = Image.new("L", (right - left + 2 * frame, bottom - top + 2 * frame))
    ImageDraw.Draw(drawn).text((frame - left, frame - top), text, fill=255, font=font)
    scale = min(height / drawn.height, 0.9 * shape[1] / drawn.width, 0.9 * shape[0] / drawn.height)
    size = (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale)))
    resized = drawn.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(resized).astype(np.float32) / np.float32(255)


def _box(letters: tuple[int, ...], place: Place, shape: tuple[int, int]) -> tuple[slice, slice]:
    margin = round(MARGIN * min(shape))
    slices = []
    for centre, part, whole in zip((place.y, place.x), letters, shape, strict=True):
        gap = min(margin, (whole - part) // 2)
        start = min(max(round(centre * whole - part / 2), gap), whole - part - gap)
        slices.append(slice(start, start + part))
    return slices[0], slices[1]
