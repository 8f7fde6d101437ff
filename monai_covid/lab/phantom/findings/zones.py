"""Places in the lungs, and what is added to the attenuation where their air is replaced."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.anatomy import LUNG, MEDIAL_BORDER, SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.formulas import FloatArray, smoothstep
from monai_covid.lab.phantom.grid import to_pixels
from monai_covid.lab.phantom.randomness import smooth_noise
from monai_covid.lab.phantom.thorax import diaphragm_level, lateral_border
from monai_covid.lab.phantom.vessels import draw_tree, grow_tree

RIGHT = -1
LEFT = 1


def either_side(random: np.random.Generator) -> int:
    """Return ``RIGHT`` or ``LEFT`` with equal probability."""
    return RIGHT if random.random() < 0.5 else LEFT


def side_of(anatomy: Anatomy, side: int) -> FloatArray:
    """Return 1 where the patient's ``side`` lies and 0 elsewhere, as (H, W)."""
    result: FloatArray = (anatomy.grid.x * side > 0).astype(np.float64)
    return result


def point_in_lung(anatomy: Anatomy, side: int, lateral: float, level: float) -> tuple[float, float]:
    """Return (x, y) in centimetres of a point given in lung coordinates.

    Args:
        anatomy: The chest.
        side: ``RIGHT`` or ``LEFT``.
        lateral: 0 at the medial, 1 at the lateral border of the lung.
        level: 0 at the apex, 1 at the diaphragm.
    """
    x = side * anatomy.thorax.lung_centre
    y = 0.0
    for _ in range(3):
        y = level * float(diaphragm_level(anatomy.thorax, x))
        border = float(lateral_border(anatomy.thorax, y))
        x = side * (MEDIAL_BORDER + lateral * (border - MEDIAL_BORDER))
    return x, y


def distance_to(anatomy: Anatomy, point: tuple[float, float]) -> FloatArray:
    """Return the distance of each pixel to ``point`` in centimetres, as (H, W)."""
    x, y = point
    result: FloatArray = np.sqrt(np.square(anatomy.grid.x - x) + np.square(anatomy.grid.y - y))
    return result


def noise_in(anatomy: Anatomy, random: np.random.Generator, cell: float) -> FloatArray:
    """Return smooth noise (H, W) with bumps of ``cell`` centimetres and a deviation of 1."""
    return smooth_noise(random, anatomy.grid.shape, cell / anatomy.grid.spacing)


def patch(
    anatomy: Anatomy,
    centre: tuple[float, float],
    radii: tuple[float, float],
    roughness: FloatArray,
    softness: float,
) -> FloatArray:
    """Return an irregular ellipse: 1 inside, 0 outside, as (H, W).

    Args:
        anatomy: The chest.
        centre: (x, y) in centimetres.
        radii: (across, along) in centimetres.
        roughness: (H, W) added to the distance, which is 1 at the rim.
        softness: Width of the rim relative to the radii.
    """
    reach = max(radii) * (1.0 + softness - float(roughness.min()))
    box = _window(anatomy, centre, reach)
    across = (anatomy.grid.x[box] - centre[0]) / radii[0]
    along = (anatomy.grid.y[box] - centre[1]) / radii[1]
    distance = np.sqrt(across * across + along * along) + roughness[box]
    result = np.zeros(anatomy.grid.shape)
    result[box] = smoothstep(1.0 + softness, 1.0 - softness, distance)
    return result


def _window(anatomy: Anatomy, centre: tuple[float, float], reach: float) -> tuple[slice, slice]:
    """Return the rows and columns that can lie within ``reach`` centimetres of ``centre``."""
    column, row = to_pixels(anatomy.grid, np.array(centre[0]), np.array(centre[1]))
    pixels = reach / anatomy.grid.spacing + 1.0
    first, last = (max(0, int(row + step)) for step in (-pixels, pixels + 1.0))
    left, right = (max(0, int(column + step)) for step in (-pixels, pixels + 1.0))
    return slice(first, last), slice(left, right)


def fill(anatomy: Anatomy, share: FloatArray) -> FloatArray:
    """Return the additional attenuation where a ``share`` (H, W) in [0, 1] of the air is replaced.

    Nothing is added outside the lungs that are seen.
    """
    shadows = anatomy.shadows
    result: FloatArray = (SOFT_TISSUE - LUNG) * shadows.air * share * shadows.visible
    return result


def hide_vessels(anatomy: Anatomy, share: FloatArray) -> FloatArray:
    """Return the attenuation that is lost where vessels have no air around them any more."""
    result: FloatArray = -SOFT_TISSUE * anatomy.vessels * share * anatomy.shadows.visible
    return result


def air_bronchogram(anatomy: Anatomy, share: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return the attenuation that is lost where aerated bronchi cross airless lung."""
    airways = draw_tree(anatomy.grid, grow_tree(random, anatomy.thorax, 0.75, 3))
    result: FloatArray = -1.3 * SOFT_TISSUE * airways * share * anatomy.shadows.visible
    return result
