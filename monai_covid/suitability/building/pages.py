"""Documents: text, tables, forms, charts and screens."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from monai_covid.data.phantom.arrays import FloatArray
from monai_covid.data.phantom.streams import between

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,"


def page(random: np.random.Generator, side: int) -> FloatArray:
    """Return a document (side, side) in [0, 1], dark on bright or bright on dark."""
    large = 4 * side
    paper = int(between(random, 180, 256))
    image = Image.new("L", (large, large), paper)
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(1, 4))):
        _PARTS[int(random.integers(len(_PARTS)))](random, draw, large)
    grey = np.asarray(image.resize((side, side), Image.Resampling.BOX), dtype=np.float64) / 255
    return 1 - grey if random.random() < 0.35 else grey


def _lines(random: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    size = between(random, 0.012, 0.09) * side
    left, top, right, bottom = _box(random, side)
    y = top
    while y < bottom:
        count = int((right - left) * between(random, 0.3, 1.0) / (0.5 * size))
        text = "".join(random.choice(list(_LETTERS + " " * 12), max(1, count)))
        draw.text((left, y), text, fill=int(between(random, 0, 90)), font_size=size)
        y += size * between(random, 1.1, 2.0)


def _table(random: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    left, top, right, bottom = _box(random, side)
    rows, columns = (int(n) for n in random.integers(2, 16, 2))
    for y in np.linspace(top, bottom, rows):
        draw.line((left, y, right, y), fill=60, width=3)
    for x in np.linspace(left, right, columns):
        draw.line((x, top, x, bottom), fill=60, width=3)


def _bars(random: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    left, top, right, bottom = _box(random, side)
    count = int(random.integers(3, 12))
    width = (right - left) / count
    for number in range(count):
        start = left + number * width
        height = (bottom - top) * random.random()
        tone = int(between(random, 0, 200))
        draw.rectangle((start, bottom - height, start + 0.7 * width, bottom), fill=tone)


def _curve(random: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    left, top, right, bottom = _box(random, side)
    x = np.linspace(left, right, 60)
    walk = np.cumsum(random.standard_normal(60))
    y = bottom - (walk - walk.min()) / np.ptp(walk) * (bottom - top)
    draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=30, width=6)
    draw.line((left, top, left, bottom, right, bottom), fill=0, width=4)


def _panel(random: np.random.Generator, draw: ImageDraw.ImageDraw, side: int) -> None:
    tone = int(between(random, 0, 255))
    shape = draw.ellipse if random.random() < 0.4 else draw.rectangle
    shape(_box(random, side), fill=tone, outline=0, width=4)


def _box(random: np.random.Generator, side: int) -> tuple[float, float, float, float]:
    left, top = random.uniform(0.02, 0.4, 2) * side
    right, bottom = random.uniform(0.6, 0.98, 2) * side
    return left, top, right, bottom


_PARTS = (_lines, _lines, _lines, _table, _bars, _curve, _panel)
