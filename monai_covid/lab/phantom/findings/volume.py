"""Findings that change the size of the heart, or the volume or the framework of the lungs."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.anatomy import LUNG, SOFT_TISSUE, Anatomy
from monai_covid.lab.phantom.findings.zones import either_side, fill, noise_in, point_in_lung
from monai_covid.lab.phantom.formulas import FloatArray, smoothstep
from monai_covid.lab.phantom.randomness import between
from monai_covid.lab.phantom.thorax import above_diaphragm, diaphragm_level, heart_chord

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
