"""A radiograph with its heatmap and a caption as plain pixels, for viewers of pictures only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from monai_covid.explain.pictures.blend import AGAINST, FOR, FloatMap, display_grey, opacity

LONGER_SIDE = 1024
"""Pixels of the picture's radiograph along its longer side."""

FONT_SIZE = 20
LINE_HEIGHT = 27
MARGIN = 12
SWATCH = 16


def draw_capture(
    grey: NDArray[Any],
    relevance: FloatMap,
    limit: float,
    lines: Sequence[str],
    legend: tuple[str, str],
    *,
    lungs: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return a radiograph with its relevance in colour, below a caption.

    Drawn without a plotting library: a hundred times faster, which counts where every radiograph
    of a hospital passes.

    Args:
        grey: Grey values (H, W) of any scale, larger is brighter.
        relevance: ``(H, W)``.
        limit: Relevance at full colour; above 0.
        lines: Caption.
        legend: What orange (for) and blue (against) mean.
        lungs: Whose outline is drawn in white, of any size; None: of none.

    Returns:
        ``(h, w, 3)`` uint8, the radiograph ``LONGER_SIDE`` pixels along its longer side.
    """
    size = _picture_size(grey.shape)
    below = _overlaid(_resized(display_grey(grey), size), _resized(relevance, size), limit)
    if lungs is not None:
        below = np.where(_edge(lungs, size)[..., None], np.uint8(255), below)
    return np.concatenate([_caption(size[0], lines, legend), below])


def _overlaid(grey: FloatMap, relevance: FloatMap, limit: float) -> NDArray[np.uint8]:
    """Do what `blend` does, in 8 bits."""
    below = Image.fromarray(_eight_bits(grey)).convert("RGB")
    colours = Image.fromarray((relevance > 0).astype(np.uint8))
    colours.putpalette([*ImageColor.getrgb(AGAINST), *ImageColor.getrgb(FOR)])
    covering = Image.fromarray(_eight_bits(opacity(relevance, limit)))
    return np.asarray(Image.composite(colours.convert("RGB"), below, covering))


def _edge(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a mask ends, in a picture of ``size``: a line of two pixels."""
    inside = _resized(mask, size) > 0.5
    padded = np.pad(inside, 1, mode="edge")
    edge: NDArray[np.bool_] = np.zeros_like(inside)
    for neighbour in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        edge |= neighbour != inside
    return edge


def _eight_bits(values: FloatMap) -> NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)


def _picture_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return width and height of the drawn radiograph."""
    rows, columns = shape
    scale = LONGER_SIDE / max(rows, columns)
    return max(round(columns * scale), 1), max(round(rows * scale), 1)


def _resized(values: NDArray[Any], size: tuple[int, int]) -> FloatMap:
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    resized: FloatMap = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
    return resized


def _caption(width: int, lines: Sequence[str], legend: tuple[str, str]) -> NDArray[np.uint8]:
    wrapped = [part for line in lines for part in _wrapped(line, width - 2 * MARGIN)]
    height = 2 * MARGIN + LINE_HEIGHT * (len(wrapped) + len(legend))
    image = Image.new("RGB", (width, height), "black")
    draw = ImageDraw.Draw(image)
    top = MARGIN
    for line in wrapped:
        draw.text((MARGIN, top), line, fill="white", font=_font())
        top += LINE_HEIGHT
    for meaning, colour in zip(legend, (FOR, AGAINST), strict=True):
        box = (MARGIN, top + 4, MARGIN + SWATCH, top + 4 + SWATCH)
        draw.rectangle(box, fill=colour)
        draw.text((MARGIN + SWATCH + 8, top), meaning, fill="white", font=_font())
        top += LINE_HEIGHT
    return np.asarray(image)


def _wrapped(line: str, width: int) -> list[str]:
    """Break a line between words so that every part fits into ``width`` pixels."""
    parts: list[str] = []
    for word in line.split():
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and _font().getlength(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / "DejaVuSans.ttf", FONT_SIZE)
