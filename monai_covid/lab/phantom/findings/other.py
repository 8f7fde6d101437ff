"""Circumscribed findings: nodule, mass, hiatal hernia.

Findings of the pleural space: effusion, pneumothorax, thickening.

Findings that change the size of an organ or the volume of a lung.
"""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.anatomy import LUNG, SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.arrays import FloatArray, between, ellipse_chord, smoothstep
from monai_covid.lab.phantom.findings.zones import (
    LEFT,
    RIGHT,
    distance_to,
    either_side,
    fill,
    hide_vessels,
    noise_in,
    point_in_lung,
    side_of,
)
from monai_covid.lab.phantom.thorax import DOME_DROP, above_diaphragm, diaphragm_level, heart_chord


def nodule(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """One to three round, well-defined opacities below 3 cm."""
    total = np.zeros(anatomy.grid.shape)
    for _ in range(int(random.integers(1, 4))):
        radius = between(random, 0.7, 1.35)
        total = np.maximum(total, _sphere(anatomy, random, radius, density=2.0))
    return total


def mass(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """One lobulated opacity above 3 cm."""
    return _sphere(anatomy, random, between(random, 1.9, 3.2), density=0.95)


def _sphere(
    anatomy: Anatomy, random: np.random.Generator, radius: float, density: float
) -> FloatArray:
    """Return a lobulated sphere of ``radius`` centimetres somewhere in a lung."""
    centre = point_in_lung(
        anatomy, either_side(random), between(random, 0.3, 0.8), between(random, 0.22, 0.82)
    )
    lobulation = 1.0 + 0.1 * noise_in(anatomy, random, 1.2 * radius)
    distance = distance_to(anatomy, centre) * lobulation
    chord = 2.0 * radius * ellipse_chord(np.square(distance / radius))
    result: FloatArray = density * (SOFT_TISSUE - LUNG) * chord * anatomy.shadows.visible
    return result


def hernia(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Stomach behind the heart: a round wall, gas above and fluid below a level."""
    radius = between(random, 2.6, 3.8)
    x = between(random, -0.5, 2.5)
    y = anatomy.thorax.domes[1] - between(random, 0.3, 0.8) * radius
    distance = distance_to(anatomy, (x, y)) / radius
    chord = 2.0 * radius * ellipse_chord(np.square(distance))
    level = y + between(random, 0.0, 0.3) * radius
    gas = smoothstep(level + 0.15, level - 0.15, anatomy.grid.y)
    wall = smoothstep(0.80, 0.88, distance) * smoothstep(1.02, 0.94, distance)
    content = chord * (0.22 * (1.0 - gas) - 0.6 * gas)
    result: FloatArray = SOFT_TISSUE * (content + 2.2 * wall)
    return result


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


MEDIAN_CLEARANCE = 4.5
"""Distance from the midline within which the heart rests on the diaphragm, in centimetres."""


def cardiomegaly(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """A heart wider than half of the chest; it displaces lung."""
    enlarged = heart_chord(anatomy.grid, anatomy.thorax, between(random, 1.45, 1.7))
    normal = heart_chord(anatomy.grid, anatomy.thorax)
    displaced = np.clip(enlarged - normal, 0.0, anatomy.shadows.air)
    result: FloatArray = (SOFT_TISSUE - LUNG) * displaced
    return result


def atelectasis(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """One to three plates of airless lung above the diaphragm, with less air below them."""
    total = np.zeros(anatomy.grid.shape)
    waves = 0.25 * noise_in(anatomy, random, 2.0)
    for _ in range(int(random.integers(1, 4))):
        side = either_side(random)
        centre = point_in_lung(
            anatomy, side, between(random, 0.35, 0.75), between(random, 0.6, 0.88)
        )
        angle = side * between(random, -0.35, 0.5)
        across = np.cos(angle) * (anatomy.grid.x - centre[0])
        across += np.sin(angle) * (anatomy.grid.y - centre[1])
        along = np.cos(angle) * (anatomy.grid.y - centre[1])
        along -= np.sin(angle) * (anatomy.grid.x - centre[0]) - waves
        half = between(random, 2.4, 4.2)
        ends = smoothstep(half, 0.25 * half, np.abs(across))
        plate = smoothstep(1.0, 0.3, np.abs(along) / between(random, 0.35, 0.6))
        haze = smoothstep(0.0, 0.3, along) * smoothstep(3.0, 0.5, along)
        total = np.maximum(total, ends * (plate + 0.22 * haze))
    return fill(anatomy, between(random, 0.32, 0.5) * total)


def emphysema(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """Too much air, few vessels, bullae, and a flat diaphragm."""
    shadows = anatomy.shadows
    height = diaphragm_level(anatomy.thorax, anatomy.grid.x) - anatomy.grid.y
    flattened = above_diaphragm(height + between(random, 1.5, 2.8))
    opened = np.maximum(0.0, flattened - above_diaphragm(height))
    opened *= smoothstep(MEDIAN_CLEARANCE, 2.2 * MEDIAN_CLEARANCE, np.abs(anatomy.grid.x))
    bullae = np.clip(0.45 + 0.3 * noise_in(anatomy, random, 2.2), 0.1, 0.9)
    thinned = (LUNG * bullae * shadows.air + 0.6 * SOFT_TISSUE * anatomy.vessels) * shadows.visible
    gained = np.minimum((SOFT_TISSUE - LUNG) * shadows.cage * opened, SOFT_TISSUE * shadows.tissue)
    return -thinned - gained


def fibrosis(anatomy: Anatomy, random: np.random.Generator) -> FloatArray:
    """A net of fine lines at the periphery and the bases of both lungs."""
    shadows = anatomy.shadows
    net = np.zeros(anatomy.grid.shape)
    for cell in (0.55, 0.8):
        ridge = np.abs(noise_in(anatomy, random, cell))
        net = np.maximum(net, smoothstep(0.38, 0.05, ridge))
    upper = random.random() < 0.25
    level = 1.0 - shadows.level if upper else shadows.level
    zone = smoothstep(0.45, 0.8, 0.55 * level + 0.45 * shadows.lateral + 0.05)
    sides = np.where(anatomy.grid.x < 0, between(random, 0.6, 1.0), between(random, 0.6, 1.0))
    strength = between(random, 1.4, 2.2) * SOFT_TISSUE
    result: FloatArray = strength * zone * sides * (net + 0.3) * shadows.visible
    return result
