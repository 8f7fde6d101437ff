"""Outlines of the chest as curves: lungs, diaphragm, heart, mediastinum, body. In centimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray, ellipse_chord, smoothstep, unit_range
from monai_covid.lab.phantom.grid import Grid
from monai_covid.lab.phantom.patient import Patient, Position

DOME_DROP = 3.6
"""How far the diaphragm falls from its dome to the costophrenic angle."""


@dataclass(frozen=True)
class Thorax:
    """Measures of the chest in one image.

    Attributes:
        half_width: From the midline to the inner side of the ribs.
        lung_centre: From the midline to the middle of a lung.
        shoulder_level: Depth below the apex from which on the lungs keep their width.
        domes: Level of the dome of the diaphragm on the patient's (right, left).
        depth: Front to back, inside the rib cage.
        wall: Soft tissue around the rib cage on each side.
        heart_width: Width of the heart shadow.
    """

    half_width: float
    lung_centre: float
    shoulder_level: float
    domes: tuple[float, float]
    depth: float
    wall: float
    heart_width: float


def make_thorax(patient: Patient, position: Position) -> Thorax:
    """Return the chest of ``patient`` as it lies in ``position``."""
    right = patient.lung_height * position.inspiration - 1.5
    return Thorax(
        half_width=patient.half_width,
        lung_centre=0.44 * patient.half_width,
        shoulder_level=0.62 * patient.lung_height,
        domes=(right, right + 1.2),
        depth=patient.depth,
        wall=patient.wall,
        heart_width=patient.heart * position.heart_magnification * 2 * patient.half_width,
    )


def pleura_norm(grid: Grid, thorax: Thorax) -> FloatArray:
    """Return 0 in the middle of a lung, 1 at the pleura and more outside, as (H, W)."""
    radius = thorax.half_width - thorax.lung_centre
    widening = 1.0 + 0.004 * np.maximum(0.0, grid.y - thorax.shoulder_level)
    across = np.abs(np.abs(grid.x) - thorax.lung_centre) / (radius * widening)
    above = np.maximum(0.0, thorax.shoulder_level - grid.y) / thorax.shoulder_level
    squared = across * across
    result: FloatArray = np.sqrt(squared + above * above * (0.55 + 0.45 * above * above))
    return result


def lateral_border(thorax: Thorax, y: FloatArray | float) -> FloatArray:
    """Return the distance of the lateral pleura from the midline at level ``y``."""
    above = np.maximum(0.0, thorax.shoulder_level - y) / thorax.shoulder_level
    rest = np.maximum(0.02, 1.0 - above * above * (0.55 + 0.45 * above * above))
    result: FloatArray = thorax.lung_centre + (thorax.half_width - thorax.lung_centre) * np.sqrt(
        rest
    )
    return result


def diaphragm_level(thorax: Thorax, x: FloatArray | float) -> FloatArray:
    """Return the level of the diaphragm at ``x``: a dome on each side."""
    dome = np.where(np.asarray(x) < 0, thorax.domes[0], thorax.domes[1])
    offset = (np.abs(x) - thorax.lung_centre) / (thorax.half_width - thorax.lung_centre)
    drop = np.where(offset > 0, DOME_DROP, 0.55 * DOME_DROP)
    result: FloatArray = dome + drop * offset * offset
    return result


def above_diaphragm(height: FloatArray) -> FloatArray:
    """Return the part of the lung that the diaphragm leaves: 1 above its dome, little below.

    Args:
        height: Centimetres above the diaphragm; negative below it.
    """
    return np.maximum(smoothstep(-0.25, 0.15, height), 0.1 * smoothstep(-4.5, 0.0, height))


def heart_chord(grid: Grid, thorax: Thorax, enlargement: float = 1.0) -> FloatArray:
    """Return the path length through the heart as (H, W).

    Args:
        grid: Coordinates.
        thorax: Measures.
        enlargement: Factor on the width of the heart, most of it to the patient's left.
    """
    unit = thorax.heart_width / 13.75
    base = thorax.domes[1]
    growth = unit * (enlargement - 1.0)
    right = ellipse_chord(
        np.square((grid.x - 0.3 * unit) / (4.3 * unit + 2.5 * growth))
        + np.square((grid.y - base + 5.2) / (7.6 * unit))
    )
    centre = (1.7 * unit + 7.0 * growth, base - 3.6 + 1.5 * growth)
    across = (grid.x - centre[0]) * 0.8 + (grid.y - centre[1]) * 0.6
    along = -(grid.x - centre[0]) * 0.6 + (grid.y - centre[1]) * 0.8
    left = ellipse_chord(
        np.square(across / (7.6 * unit + 5.0 * growth))
        + np.square(along / (5.4 * unit + 3.5 * growth))
    )
    result: FloatArray = 0.75 * thorax.depth * np.sqrt(np.maximum(left, right))
    return result


def mediastinum_chord(grid: Grid, thorax: Thorax) -> FloatArray:
    """Return the path length through mediastinum, great vessels and aortic knob as (H, W)."""
    unit = thorax.half_width / 13.4
    half = unit * (2.35 + 0.9 * np.exp(-(((grid.y - 3.0) / 4.0) ** 2)))
    band = ellipse_chord(np.square(np.square((grid.x - 0.15) / half)))
    knob = ellipse_chord(
        ((grid.x - 2.2 * unit) / (1.75 * unit)) ** 2 + ((grid.y - 8.2 * unit) / (1.9 * unit)) ** 2
    )
    cava = ellipse_chord(
        ((grid.x + 1.9 * unit) / (1.5 * unit)) ** 2 + ((grid.y - 8.5 * unit) / 6.5) ** 2
    )
    result: FloatArray = thorax.depth * np.maximum(0.8 * band, np.maximum(0.42 * knob, 0.35 * cava))
    return result


def hilum_chord(grid: Grid, thorax: Thorax) -> FloatArray:
    """Return the path through the vessels at both hila as (H, W)."""
    across = (np.abs(grid.x) - 0.26 * thorax.half_width) / 2.0
    along = (grid.y - 0.47 * thorax.domes[0] + 0.5 * np.sign(grid.x)) / 3.0
    distance = np.minimum(1.0, np.square(across) + np.square(along))
    result: FloatArray = 2.6 * np.square(1.0 - distance)
    return result


def body_chord(grid: Grid, thorax: Thorax) -> FloatArray:
    """Return the path length through the whole body, lungs filled with tissue, as (H, W)."""
    across = np.abs(grid.x)
    torso_half = (
        thorax.half_width
        + thorax.wall
        + 0.06 * grid.y
        + 0.05 * np.square(np.minimum(grid.y - 12.0, 0.0))
    )
    torso = ellipse_chord(np.square(np.square(across / torso_half)))
    neck = 0.7 * ellipse_chord(np.square(across / 6.8))
    slope = -4.8 + 0.022 * np.maximum(0.0, across - 5.0) ** 2
    shoulder = smoothstep(-2.0, 2.0, grid.y - slope)
    total = thorax.depth + 5.0 + 0.5 * thorax.wall
    ramp = 0.6 + 0.4 * unit_range((grid.y + 2.0) / 9.0)
    result: FloatArray = total * np.maximum(neck * (grid.y < 3), torso * shoulder * ramp)
    return result


def breast_chord(grid: Grid, thorax: Thorax, thickness: float) -> FloatArray:
    """Return the path length through both breasts as (H, W); zero for ``thickness`` 0."""
    if thickness == 0:
        return np.zeros_like(grid.y)
    centre = thorax.domes[0] - 1.0
    radius = 5.2 + 0.35 * thickness
    across = (np.abs(grid.x) - 0.62 * thorax.half_width) / radius
    along = (grid.y - centre) / (radius * np.where(grid.y > centre, 0.85, 1.5))
    inside = 1.0 - np.minimum(1.0, across * across + along * along)
    result: FloatArray = thickness * inside * np.where(grid.y > centre, np.sqrt(inside), 1.0)
    return result
