"""Focal findings: nodule, mass, hiatal hernia."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.anatomy import LUNG, SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.findings.zones import distance_to, either_side, noise_in, point_in_lung
from monai_covid.lab.phantom.formulas import FloatArray, ellipse_chord, smoothstep
from monai_covid.lab.phantom.randomness import between


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
