"""Branching vessels and airways, drawn as trees of tapering lines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from monai_covid.lab.phantom.formulas import FloatArray
from monai_covid.lab.phantom.grid import Grid, to_pixels
from monai_covid.lab.phantom.thorax import Thorax

OVERSAMPLING = 2
WIDEST = 0.8
"""Width in centimetres that is drawn with full grey value."""

ROOTS = 6
"""Branches that leave each hilum."""


class Branches(NamedTuple):
    """Branches of one generation, each an array (N,); lengths in centimetres, angles in radians."""

    x: FloatArray
    y: FloatArray
    angle: FloatArray
    length: FloatArray
    width: FloatArray
    side: FloatArray

    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Return (x, y) of the far ends."""
        across = self.x + self.side * self.length * np.cos(self.angle)
        return across, self.y + self.length * np.sin(self.angle)


def grow_tree(
    random: np.random.Generator, thorax: Thorax, width: float, generations: int
) -> list[Branches]:
    """Return the branches of both lungs, from the hilum to the periphery.

    Args:
        random: Source of the angles and lengths.
        thorax: Measures.
        width: Width of the first branches in centimetres.
        generations: How often each branch divides.
    """
    side = np.repeat([-1.0, 1.0], ROOTS)
    fan = np.tile(np.linspace(-1.35, 1.35, ROOTS), 2)
    count = len(side)
    stems = Branches(
        x=side * 0.25 * thorax.half_width,
        y=np.full(count, 0.48 * thorax.domes[0]),
        angle=fan + 0.14 * random.standard_normal(count),
        length=thorax.domes[0] * np.where(np.abs(fan) < 0.9, 0.16, 0.22),
        width=np.full(count, width),
        side=side,
    )
    tree = [stems]
    for _ in range(generations):
        tree.append(_divide(random, tree[-1]))
    return tree


def _divide(random: np.random.Generator, parents: Branches) -> Branches:
    """Return two children for each parent."""
    x, y, angle, length, width, side = (
        np.repeat(values, 2)
        for values in (*parents.ends(), parents.angle, parents.length, parents.width, parents.side)
    )
    turn = np.tile([-1.0, 1.0], len(parents.x)) * (0.12 + 0.5 * random.random(len(x)))
    shorter = length * (0.55 + 0.4 * random.random(len(x)))
    return Branches(x, y, angle + turn, shorter, 0.74 * width, side)


def draw_tree(grid: Grid, tree: list[Branches], blur: float = 0.06) -> FloatArray:
    """Return the path through the branches in centimetres as (H, W).

    Args:
        grid: Coordinates.
        tree: Branches by generation; wide ones are drawn over narrow ones.
        blur: Standard deviation of the smoothing in centimetres.
    """
    height, width = grid.shape
    image = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING))
    draw = ImageDraw.Draw(image)
    for branches in reversed(tree):
        thickness = float(branches.width[0])
        pixels = thickness / grid.spacing * OVERSAMPLING
        grey = round(255 * min(1.0, thickness / WIDEST) * min(1.0, pixels))
        for line in _lines(grid, branches):
            draw.line(line, fill=grey, width=max(1, round(pixels)))
    drawn = np.asarray(image.reduce(OVERSAMPLING), dtype=np.float64) * (WIDEST / 255)
    smooth: FloatArray = gaussian_filter(drawn, max(0.4, blur / grid.spacing), truncate=3.0)
    return smooth


def _lines(grid: Grid, branches: Branches) -> list[list[int]]:
    """Return start and end of each branch as [column, row, column, row] of the drawing."""
    start = to_pixels(grid, branches.x, branches.y)
    end = to_pixels(grid, *branches.ends())
    points: list[list[int]] = (
        np.rint(np.stack([*start, *end], axis=1) * OVERSAMPLING).astype(np.int64).tolist()
    )
    return points
