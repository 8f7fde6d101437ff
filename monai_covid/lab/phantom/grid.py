"""Width and height of an image, and where each of its pixels lies in the patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.patient import Position
from monai_covid.lab.phantom.randomness import Stream, random_stream

CENTRE = 11.5
"""Distance from the apex of the lungs down to the centre of the image in centimetres."""

BAND_PIXELS = 8192

ASPECT_RATIOS = (1.25, 1.0, 0.8)
"""Width over height that belongs to class 0, 1 and 2, where shapes and classes are correlated."""


class Grid(NamedTuple):
    """Coordinates of the pixels in the patient.

    Attributes:
        x: (H, W) centimetres from the midline; positive to the patient's left, which is the right
            side of the image.
        y: (H, W) centimetres below the apex of the lungs.
        spacing: Centimetres per pixel.
        tilt: Rotation of the patient in degrees.
        shift: Offset (across, along) of the patient in centimetres.
    """

    x: FloatArray
    y: FloatArray
    spacing: float
    tilt: float
    shift: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Return (H, W)."""
        height, width = self.x.shape
        return height, width


def make_grid(shape: tuple[int, int], position: Position) -> Grid:
    """Return the coordinates of an image of ``shape`` (H, W) for a patient in ``position``."""
    height, width = shape
    spacing = position.field / min(shape)
    across = (np.arange(width) + 0.5 - width / 2) * spacing - position.shift[0]
    along = (np.arange(height) + 0.5 - height / 2) * spacing - position.shift[1]
    angle = np.deg2rad(position.tilt)
    x = np.cos(angle) * across[None, :] + np.sin(angle) * along[:, None]
    y = np.cos(angle) * along[:, None] - np.sin(angle) * across[None, :] + CENTRE
    return Grid(x, y, spacing, position.tilt, position.shift)


def to_pixels(grid: Grid, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (columns, rows) of points in the patient, as fractions of pixels."""
    angle = np.deg2rad(grid.tilt)
    across = np.cos(angle) * x - np.sin(angle) * (y - CENTRE) + grid.shift[0]
    along = np.sin(angle) * x + np.cos(angle) * (y - CENTRE) + grid.shift[1]
    height, width = grid.shape
    return across / grid.spacing + width / 2, along / grid.spacing + height / 2


def row_bands(grid: Grid) -> Iterator[Grid]:
    """Yield the grid in bands of rows whose maps fit into the cache of a processor."""
    height, width = grid.shape
    rows = max(1, BAND_PIXELS // width)
    for start in range(0, height, rows):
        band = slice(start, start + rows)
        yield grid._replace(x=grid.x[band], y=grid.y[band])


def choose_shape(
    seed: int, image: tuple[int, int], group: int, options: PhantomOptions
) -> tuple[int, int]:
    """Return (H, W); the longer side is ``options.size``.

    Args:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        group: Number of the class, 0 to 2.
        options: Settings of the generator.
    """
    if not options.vary_shape and options.shape_correlation == 0:
        return options.size, options.size
    random = random_stream(seed, Stream.SHAPE, *image)
    bound = random.random() < options.shape_correlation
    free = int(random.integers(len(ASPECT_RATIOS)))
    ratio = ASPECT_RATIOS[group if bound else free]
    shorter = round(options.size * min(ratio, 1 / ratio))
    return (shorter, options.size) if ratio > 1 else (options.size, shorter)
