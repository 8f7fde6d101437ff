"""Lung whose air is replaced: what a share of fluid or cells adds to the attenuation."""

from __future__ import annotations

import numpy as np

from monai_covid.data.phantom.anatomy import LUNG, SOFT_TISSUE, Anatomy
from monai_covid.data.phantom.arrays import FloatArray
from monai_covid.data.phantom.markings import draw_tree, grow_tree


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
