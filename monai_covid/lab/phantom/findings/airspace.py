"""Opacities of the air spaces: pneumonia, consolidation, COVID-19, infiltration, oedema."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monai_covid.lab.phantom.anatomy import SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.findings.zones import (
    LEFT,
    RIGHT,
    air_bronchogram,
    distance_to,
    either_side,
    fill,
    hide_vessels,
    noise_in,
    patch,
    point_in_lung,
    side_of,
)
from monai_covid.lab.phantom.formulas import FloatArray, smoothstep
from monai_covid.lab.phantom.randomness import between


class Lobe(NamedTuple):
    """Where a lobe is seen from the front, in lung coordinates.

    Attributes:
        side: -1 right, 1 left.
        lateral: Range of the centre of an opacity from medial 0 to lateral 1.
        level: Range of the centre from apex 0 to diaphragm 1.
        upper: Level of a sharp upper edge at a fissure, or None.
        lower: Level of a sharp lower edge at a fissure, or None.
    """

    side: int
    lateral: tuple[float, float]
    level: tuple[float, float]
    upper: float | None
    lower: float | None


LOBES = (
    Lobe(RIGHT, (0.35, 0.7), (0.28, 0.4), None, 0.5),
    Lobe(RIGHT, (0.2, 0.5), (0.68, 0.8), 0.52, None),
    Lobe(RIGHT, (0.4, 0.75), (0.75, 0.9), None, None),
    Lobe(LEFT, (0.35, 0.7), (0.28, 0.45), None, 0.62),
    Lobe(LEFT, (0.45, 0.8), (0.75, 0.9), None, None),
)
"""Right upper, middle and lower lobe, left upper and lower lobe."""


def lobar_pneumonia(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Consolidation of one lobe or segment of one lung, with fissure edges and air bronchogram."""
    lobe = LOBES[int(random.integers(len(LOBES)))]
    centre = point_in_lung(
        anatomy, lobe.side, between(random, *lobe.lateral), between(random, *lobe.level)
    )
    radii = (between(random, 3.2, 5.0), between(random, 3.2, 5.2))
    rough = 0.16 * noise_in(anatomy, random, 1.8)
    share = patch(anatomy, centre, radii, rough, 0.3) * side_of(anatomy, lobe.side)
    slope = 0.1 * (anatomy.shadows.lateral - 0.5)
    level = anatomy.shadows.level
    if lobe.upper is not None:
        share = share * smoothstep(lobe.upper - 0.012, lobe.upper + 0.012, level - slope)
    if lobe.lower is not None:
        share = share * smoothstep(lobe.lower + 0.012, lobe.lower - 0.012, level - slope)
    return _consolidate(anatomy, share, between(random, 0.34, 0.6), random)


def consolidation(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """A dense patch without regard to lobes, with air bronchogram."""
    side = either_side(random)
    centre = point_in_lung(anatomy, side, between(random, 0.3, 0.75), between(random, 0.35, 0.85))
    radii = (between(random, 2.2, 3.6), between(random, 2.2, 3.8))
    rough = 0.22 * noise_in(anatomy, random, 1.5)
    share = patch(anatomy, centre, radii, rough, 0.3) * side_of(anatomy, side)
    return _consolidate(anatomy, share, between(random, 0.4, 0.65), random)


def _consolidate(
    anatomy: Anatomy, share: FloatArray, severity: float, random: np.random.Generator
) -> FloatArray:
    mottled = share * np.clip(1.0 + 0.15 * noise_in(anatomy, random, 0.8), 0.0, 1.4)
    return (
        fill(anatomy, severity * mottled)
        + hide_vessels(anatomy, 0.8 * share)
        + air_bronchogram(anatomy, share, random)
    )


def covid_ground_glass(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Hazy patches in the periphery of both lungs, mostly of the lower zones; vessels stay seen."""
    rough = 0.28 * noise_in(anatomy, random, 1.6)
    share = np.zeros(anatomy.grid.shape)
    for side in (RIGHT, LEFT):
        for _ in range(int(random.integers(2, 5))):
            centre = point_in_lung(
                anatomy, side, between(random, 0.6, 1.0), between(random, 0.5, 0.95)
            )
            radii = (between(random, 1.6, 3.2), between(random, 2.0, 3.8))
            haze = between(random, 0.55, 1.0) * patch(anatomy, centre, radii, rough, 0.75)
            share = np.maximum(share, haze * side_of(anatomy, side))
    fine = np.clip(1.0 + 0.3 * noise_in(anatomy, random, 0.6), 0.0, 2.0)
    return fill(anatomy, between(random, 0.18, 0.36) * share * fine)


def infiltration(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """One or two faint, ill-defined, streaky opacities anywhere in the lungs."""
    share = np.zeros(anatomy.grid.shape)
    for _ in range(int(random.integers(1, 3))):
        side = either_side(random)
        centre = point_in_lung(
            anatomy, side, between(random, 0.15, 0.7), between(random, 0.3, 0.85)
        )
        radii = (between(random, 2.2, 3.8), between(random, 2.2, 3.8))
        rough = 0.25 * noise_in(anatomy, random, 2.0)
        spot = patch(anatomy, centre, radii, rough, 0.7) * side_of(anatomy, side)
        share = np.maximum(share, spot)
    streaks = share * np.clip(0.8 + 0.4 * noise_in(anatomy, random, 0.8), 0.0, 2.0)
    thickened = 0.6 * SOFT_TISSUE * anatomy.vessels * share * anatomy.shadows.visible
    return fill(anatomy, between(random, 0.16, 0.3) * streaks) + thickened


def edema(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Haze around both hila, thick vessels, and short septal lines at the lateral bases."""
    shadows = anatomy.shadows
    rough = 0.6 * noise_in(anatomy, random, 2.0)
    haze = np.zeros(anatomy.grid.shape)
    for side in (RIGHT, LEFT):
        hilum = (side * 0.3 * anatomy.thorax.half_width, 0.55 * anatomy.thorax.domes[0])
        near = smoothstep(9.0, 2.0, distance_to(anatomy, hilum) + rough)
        haze += near * side_of(anatomy, side)
    lines = smoothstep(0.5, 0.9, np.cos(anatomy.grid.y * (2 * np.pi / 0.9)))
    lines *= smoothstep(0.82, 0.9, shadows.lateral) * smoothstep(0.6, 0.7, shadows.level)
    septal = SOFT_TISSUE * 0.9 * lines * shadows.visible
    vessels = 0.9 * SOFT_TISSUE * anatomy.vessels * haze * shadows.visible
    return fill(anatomy, between(random, 0.2, 0.36) * haze) + vessels + septal
