"""Bones: path lengths through cortical bone in centimetres."""

from __future__ import annotations

import numpy as np

from monai_covid.lab.phantom.formulas import FloatArray, ellipse_chord, smoothstep
from monai_covid.lab.phantom.grid import Grid
from monai_covid.lab.phantom.thorax import Thorax

RIB_RADIUS = 0.62
GIRDLE_END = 16.0
"""Level below which nothing of the shoulder girdle is seen, in centimetres below the apex."""

VERTEBRA = 2.3
"""Height of a thoracic vertebra with its disc."""


def _tube(distance: FloatArray, radius: float, hollow: float = 0.75) -> FloatArray:
    """Return the path through a tube of bone whose inner part is marrow, relative to its radius."""
    outer = ellipse_chord((distance / radius) ** 2)
    inner = ellipse_chord((distance / (hollow * radius)) ** 2)
    result: FloatArray = outer - 0.5 * hollow * inner
    return result


def ribs(grid: Grid, thorax: Thorax, norm: FloatArray) -> FloatArray:
    """Return the path through ribs, from behind and in front, as (H, W).

    All ribs of one set have the same shape, so that the distance to the next one follows from the
    remainder of the level divided by the distance between ribs.

    Args:
        grid: Coordinates.
        thorax: Measures.
        norm: ``pleura_norm`` of the grid.
    """
    part = np.abs(grid.x) / thorax.half_width
    tangential = 1.0 + 1.3 * smoothstep(0.8, 1.0, norm)
    cage = smoothstep(1.10, 1.06, norm) * tangential
    step = thorax.domes[0] / 8.6
    posterior = _rib_set(grid.y + 0.9 - 4.6 * part * part * np.sqrt(part) + 1.2 * part, step, 9.6)
    posterior *= smoothstep(0.13, 0.17, part)
    step_front = thorax.domes[0] / 6.4
    anterior = _rib_set(grid.y - 2.0 - 6.5 * (1.0 - part) + 3.0, step_front, 6.6)
    anterior *= 0.6 * smoothstep(0.34, 0.46, part)
    result: FloatArray = 1.25 * RIB_RADIUS * cage * (posterior + anterior)
    return result


def _rib_set(level: FloatArray, step: float, count: float) -> FloatArray:
    order = level / step
    distance = np.abs(order - np.round(order)) * step
    within = smoothstep(0.45, 0.55, order) * smoothstep(count + 0.5, count + 0.4, order)
    return _tube(distance, RIB_RADIUS) * within


def spine(grid: Grid) -> FloatArray:
    """Return the path through the vertebral column as (H, W)."""
    width = 1.45 + 0.02 * np.clip(grid.y, 0.0, 30.0)
    body = ellipse_chord(np.square(np.square(grid.x / width)))
    phase = (grid.y / VERTEBRA) % 1.0
    disc = np.exp(-(((phase - 0.5) / 0.09) ** 2))
    pedicle_level = (phase - 0.82 + 0.5) % 1.0 - 0.5
    across = np.abs(np.abs(grid.x) - 0.8 * width)
    pedicle = np.exp(-((across / 0.28) ** 2) - ((pedicle_level / 0.12) ** 2))
    process = np.exp(-((grid.x / 0.2) ** 2) - (((phase - 0.75) / 0.16) ** 2))
    result: FloatArray = body * (1.5 - 0.5 * disc) + 0.5 * pedicle + 0.45 * process
    return result


def shoulder_girdle(grid: Grid, scapula: float) -> FloatArray:
    """Return the path through clavicles, shoulder blades and upper arms as (H, W).

    Args:
        grid: Coordinates.
        scapula: Centimetres by which the shoulder blades are turned out of the lungs.
    """
    if grid.y.min() > GIRDLE_END:
        return np.zeros_like(grid.y)
    across = np.abs(grid.x)
    part = np.clip((across - 1.6) / 14.0, 0.0, 1.0)
    curve = 3.6 - 3.9 * part + 0.7 * np.sin(2 * np.pi * part)
    clavicle = _tube(0.93 * (grid.y - curve), 0.62) * smoothstep(1.3, 2.0, across)
    clavicle *= smoothstep(16.5, 15.6, across)
    head = ellipse_chord(((across - 18.3) / 2.5) ** 2 + ((grid.y - 2.6) / 2.6) ** 2)
    shaft = _tube(across - 19.3 - 0.05 * grid.y, 1.35, 0.6) * smoothstep(3.5, 4.5, grid.y)
    shaft *= smoothstep(GIRDLE_END, GIRDLE_END - 4.0, grid.y)
    result: FloatArray = 0.95 * clavicle + 0.9 * head + 1.1 * shaft
    return result + _scapula(across - scapula, grid.y)


def _scapula(across: FloatArray, level: FloatArray) -> FloatArray:
    """Return the blade between a medial and a lateral border that meet at its lower angle."""
    part = np.clip((level - 0.5) / 12.5, 0.0, 1.0)
    medial = 9.6 + 2.0 * part + 0.8 * part * part
    lateral = 16.8 - 4.4 * part
    within = smoothstep(0.4, 1.4, level) * smoothstep(13.0, 12.4, level)
    blade = smoothstep(0.0, 0.3, across - medial) * smoothstep(0.0, 0.3, lateral - across)
    rims = np.exp(-(((across - medial) / 0.22) ** 2)) * 0.5
    rims += np.exp(-(((across - lateral) / 0.32) ** 2))
    result: FloatArray = within * (0.14 * blade + 0.32 * rims)
    return result
