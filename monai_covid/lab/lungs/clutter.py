"""What lies over a chest or was drawn on its image: tubes, devices, text, arrows, borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from monai_covid.lab.phantom.randomness import between

FloatMap = NDArray[np.float32]

LETTERS = "ABDEFLMPRSTX0123456789:/- "


def add_clutter(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Return ``image`` (N, N) in [0, 1] with random clutter."""
    if random.random() < 0.55:
        image = _add_lines(image, random)
    if random.random() < 0.35:
        image = _add_discs(image, random)
    if random.random() < 0.5:
        image = _add_writing(image, random)
    if random.random() < 0.4:
        image = _add_border(image, random)
    if random.random() < 0.25:
        image = _coarsen(image, random)
    return image


def _add_lines(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Add tubes, catheters and wires: smooth curves, somewhat brighter or with dark core."""
    size = image.shape[0]
    layer = Image.new("F", (size, size), 0.0)
    draw = ImageDraw.Draw(layer)
    for _ in range(int(random.integers(1, 6))):
        points = np.cumsum(random.normal(0, size / 6, (4, 2)), axis=0) + size * random.random(2)
        steps = np.linspace(0, 1, 24)[:, None]
        curve = sum(
            weight * points[k]
            for k, weight in enumerate(
                (
                    (1 - steps) ** 3,
                    3 * steps * (1 - steps) ** 2,
                    3 * steps**2 * (1 - steps),
                    steps**3,
                )
            )
        )
        path = [(float(x), float(y)) for x, y in np.asarray(curve)]
        draw.line(path, fill=between(random, -0.15, 0.5), width=int(random.integers(1, 4)))
    result: FloatMap = np.clip(image + gaussian_filter(np.asarray(layer), 0.5), 0, 1).astype(
        np.float32
    )
    return result


def _add_discs(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Add electrodes, pacemakers, buttons, coins: ellipses of one brightness."""
    size = image.shape[0]
    layer = Image.new("F", (size, size), 0.0)
    draw = ImageDraw.Draw(layer)
    for _ in range(int(random.integers(1, 6))):
        x, y = size * random.random(2)
        a, b = size * (0.01 + 0.06 * random.random(2) ** 2)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=between(random, 0.1, 0.6))
    result: FloatMap = np.clip(image + gaussian_filter(np.asarray(layer), 0.4), 0, 1).astype(
        np.float32
    )
    return result


def _add_writing(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Write letters, draw arrows and boxes."""
    size = image.shape[0]
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(random.integers(1, 6))):
        grey = 0.0 if random.random() < 0.2 else between(random, 0.7, 1.0)
        x, y = size * random.random(2)
        kind = random.random()
        if kind < 0.7:
            word = "".join(random.choice(list(LETTERS), size=int(random.integers(1, 12))))
            draw.text((x, y), word, fill=grey, font=ImageFont.load_default(between(random, 5, 16)))
        elif kind < 0.9:
            dx, dy = random.normal(0, size / 12, 2)
            draw.line((x, y, x + dx, y + dy), fill=grey, width=int(random.integers(1, 4)))
        else:
            a, b = size * random.random(2) * 0.3
            draw.rectangle((x, y, x + a, y + b), outline=grey)
    return np.array(canvas, dtype=np.float32)


def _add_border(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Cover up to a tenth on each side: collimation, film edges, screenshots."""
    result, size = image.copy(), image.shape[0]
    grey = float(random.choice([0.0, 0.0, 0.0, 1.0, random.random()]))
    for side in range(4):
        width = int(size * between(random, 0.0, 0.1)) if random.random() < 0.5 else 0
        np.rot90(result, side)[:width] = grey
    return result


def _coarsen(image: FloatMap, random: np.random.Generator) -> FloatMap:
    """Lose detail as small JPEG files do."""
    size = image.shape[0]
    small = int(size * between(random, 0.3, 0.8))
    coarse = Image.fromarray(image).resize((small, small), Image.Resampling.BILINEAR)
    return np.array(coarse.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
