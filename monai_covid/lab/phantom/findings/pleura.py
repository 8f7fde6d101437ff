"""Findings of the pleural space: effusion, pneumothorax, thickening."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.anatomy import LUNG, SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.findings.zones import (
    LEFT,
    RIGHT,
    either_side,
    fill,
    hide_vessels,
    noise_in,
    side_of,
)
from monai_covid.lab.phantom.formulas import FloatArray, smoothstep
from monai_covid.lab.phantom.randomness import between
from monai_covid.lab.phantom.thorax import DOME_DROP


def effusion(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Fluid in one or both costophrenic angles, with a meniscus that rises to the side."""
    sides = (RIGHT, LEFT) if random.random() < 0.3 else (either_side(random),)
    share = np.zeros(anatomy.grid.shape)
    for side in sides:
        base = anatomy.thorax.domes[0 if side == RIGHT else 1] + DOME_DROP
        height = between(random, 3.6, 7.5)
        surface = base - height + 2.6 * (1.0 - np.square(anatomy.shadows.lateral))
        fluid = smoothstep(-0.7, 0.9, anatomy.grid.y - surface)
        share += fluid * side_of(anatomy, side)
    fluid_path = 0.8 * share * anatomy.shadows.air
    return (SOFT_TISSUE - LUNG) * fluid_path + hide_vessels(anatomy, share)


def pneumothorax(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Air without markings outside the line of the visceral pleura, widest at the apex."""
    shadows = anatomy.shadows
    side = side_of(anatomy, either_side(random)) * shadows.visible
    width = between(random, 0.14, 0.36)
    edge = 1.0 - width * (1.15 - 0.75 * shadows.level)
    free = smoothstep(edge - 0.015, edge + 0.015, shadows.pleura) * side
    line = np.exp(-np.square((shadows.pleura - edge) / 0.016)) * side
    collapsed = (1.0 - free) * side * 0.08
    lost = -0.95 * LUNG * shadows.air * free - SOFT_TISSUE * anatomy.vessels * free
    return lost + 1.1 * SOFT_TISSUE * line + fill(anatomy, collapsed)


def pleural_thickening(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """An uneven band of soft tissue along the lateral chest wall, or a cap over the apex."""
    shadows = anatomy.shadows
    rough = 0.02 * noise_in(anatomy, random, 1.6)
    thickness = between(random, 0.1, 0.16)
    band = smoothstep(1.0 - thickness, 1.03 - thickness, shadows.pleura + rough)
    if random.random() < 0.3:
        extent = smoothstep(0.22, 0.16, shadows.level)
    else:
        start = between(random, 0.3, 0.5)
        extent = smoothstep(start, start + 0.05, shadows.level)
    extent = extent * side_of(anatomy, either_side(random)) * shadows.visible
    result: FloatArray = SOFT_TISSUE * between(random, 2.2, 3.6) * band * extent
    return result
