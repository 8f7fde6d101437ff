"""A chest seen from the side, by path lengths and the Beer-Lambert law."""

from __future__ import annotations

import numpy as np

from monai_covid.data.phantom.arrays import FloatArray, ellipse_chord, smoothstep
from monai_covid.data.phantom.streams import around, between
from monai_covid.suitability.building.projections import radiograph
from monai_covid.suitability.building.textures import coordinates


def lateral_chest(random: np.random.Generator, side: int) -> FloatArray:
    """Return an upright lateral chest (side, side) in [0, 1]; the sternum is left or right.

    The two lungs lie over each other and make one dark field between sternum and spine, with the
    heart low in front, two domes of the diaphragm and the arms lifted out of the field.
    """
    x, y = coordinates(side)
    if random.random() < 0.5:
        x = -x
    lean, scale = around(random, 0.0, 0.06), between(random, 0.85, 1.15)
    x, y = scale * (x + lean * y) - between(random, -0.1, 0.1), scale * y
    front, depth = between(random, 0.45, 0.58), between(random, 0.95, 1.15)
    back = front - depth
    bulge = 0.14 * (1 - np.square(y - 0.2))
    lung = _band(x, back - 0.3 * bulge, front + bulge - 0.12) * _floor(random, x, y)
    lung = lung * smoothstep(-0.95, -0.55, y)
    body = _band(x, back - 0.32, front + 0.2 + 0.4 * bulge)
    heart = np.square((x - front + 0.28) / 0.3) + np.square((y - 0.25) / 0.36)
    arch = np.square((x - 0.05) / 0.22) + np.square((y + 0.45) / 0.25)
    tissue = body - 0.75 * lung + 0.45 * ellipse_chord(heart) * lung
    tissue = tissue + 0.2 * ellipse_chord(arch) - 0.15 * ellipse_chord(np.square((x - 0.08) / 0.05))
    return radiograph(random, 0.35 * np.maximum(tissue, 0), _bones(x, y, front + bulge, back))


def _bones(x: FloatArray, y: FloatArray, front: FloatArray, back: float) -> FloatArray:
    spine_axis = back + 0.02 + 0.1 * np.square(y)
    discs = 1 - 0.45 * np.exp(-np.square(((y * 5.5) % 1.0 - 0.5) / 0.12))
    spine = 0.45 * ellipse_chord(np.square((x - spine_axis) / 0.1)) * discs
    sternum = 0.35 * ellipse_chord(np.square((x - front + 0.06) / 0.035)) * (y > -0.6) * (y < 0.25)
    order = (y - 0.45 * (x - back)) * 4.2
    rib = np.exp(-np.square((order % 1.0 - 0.5) / 0.13)) * _band(x, back, 1.02 * front) ** 0.3
    humerus = ellipse_chord(np.square((x - 0.1 - 0.4 * (y + 1)) / 0.12)) * (y < -0.7)
    result: FloatArray = spine + sternum + 0.1 * rib + 0.25 * humerus
    return result


def _floor(random: np.random.Generator, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return 1 above both domes, one half between them, 0 below."""
    height = between(random, 0.35, 0.65)
    levels = [height + gap + 0.55 * np.square(x - 0.15) for gap in (0, between(random, 0, 0.12))]
    above = sum((smoothstep(0.02, -0.02, y - level) for level in levels), np.zeros_like(x))
    result: FloatArray = above / 2
    return result


def _band(x: FloatArray, start: FloatArray | float, end: FloatArray | float) -> FloatArray:
    middle, half = (start + end) / 2, (end - start) / 2
    return ellipse_chord(np.square(np.square((x - middle) / half)))
