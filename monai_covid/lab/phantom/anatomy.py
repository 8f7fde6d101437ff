"""The healthy chest of one image as maps of path lengths, and its attenuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monai_covid.lab.phantom.formulas import (
    BoolArray,
    FloatArray,
    ellipse_chord,
    smoothstep,
    unit_range,
)
from monai_covid.lab.phantom.grid import Grid, row_bands
from monai_covid.lab.phantom.patient import Patient, Position
from monai_covid.lab.phantom.randomness import smooth_noise
from monai_covid.lab.phantom.skeleton import ribs, shoulder_girdle, spine
from monai_covid.lab.phantom.thorax import (
    Thorax,
    above_diaphragm,
    body_chord,
    breast_chord,
    diaphragm_level,
    heart_chord,
    hilum_chord,
    lateral_border,
    mediastinum_chord,
    pleura_norm,
)
from monai_covid.lab.phantom.vessels import draw_tree, grow_tree

SOFT_TISSUE = 0.19
"""Linear attenuation of soft tissue per centimetre at the mean energy of a chest exposure."""

LUNG = 0.055
BONE = 0.46
CENTRAL_SHARE = 0.4
"""Share of the depth of the chest from which on heart and mediastinum hide the lung."""

CARINA = 10.5
"""Level at which the trachea ends, in centimetres below the apex; the stomach lies well below."""

MEDIAL_BORDER = 2.8
"""Mean distance of the medial lung border from the midline in centimetres."""


class Shadows(NamedTuple):
    """Maps (H, W) that follow from the coordinates alone; lengths in centimetres.

    Attributes:
        pleura: 0 in the middle of a lung, 1 at the pleura.
        cage: Path through the inside of the rib cage, without the diaphragm.
        air: Path through aerated lung.
        tissue: Path through soft tissue, bones not counted.
        bone: Path through bone of mean density.
        visible: How much of the lung is seen: 1 in the open, 0 behind heart and diaphragm.
        lungs: Where any lung is seen.
        lateral: 0 at the medial, 1 at the lateral border of the lung.
        level: 0 at the apex, 1 at the diaphragm.
    """

    pleura: FloatArray
    cage: FloatArray
    air: FloatArray
    tissue: FloatArray
    bone: FloatArray
    visible: FloatArray
    lungs: BoolArray
    lateral: FloatArray
    level: FloatArray


@dataclass(frozen=True)
class Anatomy:
    """One healthy chest.

    Attributes:
        grid: Coordinates.
        thorax: Measures.
        shadows: Maps that follow from the coordinates.
        vessels: (H, W) path through the vessels of the lungs in centimetres.
        attenuation: (H, W) attenuation coefficient times path length, summed along each ray.
    """

    grid: Grid
    thorax: Thorax
    shadows: Shadows
    vessels: FloatArray
    attenuation: FloatArray


def build_anatomy(
    grid: Grid, patient: Patient, position: Position, thorax: Thorax, random: np.random.Generator
) -> Anatomy:
    """Return the healthy chest; ``random`` shapes the vessels and the texture of the lungs."""
    bands = [_shadows(band, patient, position, thorax) for band in row_bands(grid)]
    shadows = Shadows(*(np.concatenate(maps) for maps in zip(*bands, strict=True)))
    aerated = smoothstep(0.0, 0.3 * thorax.depth, shadows.air)
    vessels = draw_tree(grid, grow_tree(random, thorax, 0.66, 4)) * aerated
    texture = 1.0 + 0.04 * smooth_noise(random, grid.shape, 1.0 / grid.spacing)
    attenuation = (
        SOFT_TISSUE * (shadows.tissue + vessels)
        + LUNG * shadows.air * texture
        + (BONE - SOFT_TISSUE) * patient.bone * shadows.bone
    )
    return Anatomy(grid, thorax, shadows, vessels, attenuation)


def _shadows(grid: Grid, patient: Patient, position: Position, thorax: Thorax) -> Shadows:
    pleura = pleura_norm(grid, thorax)
    cage = thorax.depth * ellipse_chord(pleura * pleura * pleura)
    centre = np.maximum(heart_chord(grid, thorax), mediastinum_chord(grid, thorax))
    centre = np.maximum(centre, hilum_chord(grid, thorax))
    floor = diaphragm_level(thorax, grid.x)
    air = np.maximum(0.0, cage - centre) * above_diaphragm(floor - grid.y)
    visible = np.maximum(0.0, 1.0 - centre / (CENTRAL_SHARE * thorax.depth))
    visible *= (pleura < 0.99) & (grid.y < floor)
    border = lateral_border(thorax, grid.y)
    body = body_chord(grid, thorax) + breast_chord(grid, thorax, patient.breast)
    girdle = shoulder_girdle(grid, position.scapula)
    return Shadows(
        pleura=pleura,
        cage=cage,
        air=air,
        tissue=np.maximum(0.0, body - air - _hollow_organs(grid, thorax)),
        bone=ribs(grid, thorax, pleura) + 0.8 * spine(grid) + girdle,
        visible=visible,
        lungs=visible > 0,
        lateral=unit_range((np.abs(grid.x) - MEDIAL_BORDER) / (border - MEDIAL_BORDER)),
        level=unit_range(grid.y / floor),
    )


def _hollow_organs(grid: Grid, thorax: Thorax) -> FloatArray:
    """Return the path through the air of trachea and stomach."""
    if grid.y.min() < CARINA:
        half = 0.85 + 0.25 * smoothstep(7.0, 9.0, grid.y)
        trachea = ellipse_chord(np.square((grid.x + 0.15) / half))
        return 1.6 * trachea * smoothstep(CARINA, CARINA - 2.0, grid.y)
    along = (grid.y - thorax.domes[1] - 2.6) / 1.4
    stomach = ellipse_chord(np.square((grid.x - 6.0) / 2.8) + np.square(along))
    return 0.45 * thorax.wall * stomach
