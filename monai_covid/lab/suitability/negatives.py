"""Synthetic pictures that are not chest radiographs: documents, montages, and other modules'."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from monai_covid.lab.phantom.formulas import FloatArray
from monai_covid.lab.phantom.randomness import between
from monai_covid.lab.suitability import projections, textures
from monai_covid.lab.suitability.collection import BASE_SIDE
from monai_covid.lab.suitability.projections import lateral_chest

Maker = Callable[[np.random.Generator, int], FloatArray]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,"


def jigsaw(random: np.random.Generator, chest: FloatArray) -> FloatArray:
    """Return ``chest`` (S, S) cut into 2 x 2 to 4 x 4 tiles in another order.

    They have the grey values and the texture of chests, so that the network must look at the whole.
    """
    count = int(random.choice([2, 4]))
    size = len(chest) // count
    tiles = [
        chest[row * size : (row + 1) * size, column * size : (column + 1) * size]
        for row in range(count)
        for column in range(count)
    ]
    # A shift by at least one place leaves no tile where it was.
    shift = int(random.integers(1, count * count))
    order = np.roll(np.arange(count * count), shift) if count == 2 else random.permutation(16)
    rows = [
        np.concatenate([tiles[i] for i in order[row * count : (row + 1) * count]], axis=1)
        for row in range(count)
    ]
    return np.concatenate(rows)


def panels(random: np.random.Generator, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return two pictures (S, S) beside or above each other, squeezed into one (S, S)."""
    side = len(first)
    cut = int(between(random, 0.4, 0.6) * side)
    sizes = (cut, side - cut)
    parts = [
        picture[(np.arange(size) * side) // size]
        for picture, size in zip((first, second), sizes, strict=True)
    ]
    stacked = np.concatenate(parts)
    if random.random() < 0.6:
        parts = [
            part.T
            for part in (
                first.T[(np.arange(cut) * side) // cut],
                second.T[(np.arange(side - cut) * side) // (side - cut)],
            )
        ]
        stacked = np.concatenate(parts, axis=1)
    return stacked


def fragment(random: np.random.Generator, chest: FloatArray) -> FloatArray:
    """Return a piece of ``chest`` (S, S) of a quarter of its side or less, enlarged to (S, S)."""
    side = len(chest)
    size = int(between(random, 0.12, 0.26) * side)
    top, left = random.integers(0, side - size, 2)
    index = (np.arange(side) * size) // side
    piece: FloatArray = chest[top + index][:, left + index]
    return piece


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

MAKERS: tuple[Maker, ...] = (
    textures.power_noise,
    textures.dead_leaves,
    textures.dead_leaves,
    textures.object_on_background,
    textures.object_on_background,
    textures.landscape,
    textures.landscape,
    textures.gradient,
    page,
    projections.limb,
    projections.hand,
    projections.skull,
    projections.pelvis,
    projections.anything,
    projections.anything,
    projections.chest_slice,
    projections.abdomen_slice,
    projections.head_slice,
    projections.ultrasound,
)
"""Which picture is drawn; twice where there is more variety."""


def others(seed: int, count: int) -> NDArray[np.float32]:
    """Return ``count`` pictures (N, 128, 128) float32 in [0, 1] of something else."""
    random = np.random.default_rng(seed)
    pictures = [MAKERS[number % len(MAKERS)](random, BASE_SIDE) for number in range(count)]
    return np.stack(pictures).astype(np.float32)


def laterals(seed: int, count: int) -> NDArray[np.float32]:
    """Return ``count`` synthetic lateral chests (N, 128, 128) float32 in [0, 1]."""
    random = np.random.default_rng(seed)
    return np.stack([lateral_chest(random, BASE_SIDE) for _ in range(count)]).astype(np.float32)


def montages(seed: int, count: int, chests: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``count`` pictures (N, 128, 128) pieced together from ``chests`` (M, 128, 128)."""
    random = np.random.default_rng(seed)
    pictures = []
    for number in range(count):
        first, second = (chests[i] for i in random.integers(0, len(chests), 2))
        if number % 4 == 0:
            pictures.append(panels(random, first, second))
        elif number % 4 == 1:
            pictures.append(fragment(random, first))
        else:
            pictures.append(jigsaw(random, first))
    return np.stack(pictures).astype(np.float32)
