"""Chests of very different build, as maps of what the rays pass through."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.lab.phantom.anatomy import Anatomy, build_anatomy
from monai_covid.lab.phantom.findings.render import FINDINGS, render_findings
from monai_covid.lab.phantom.formulas import ellipse_chord
from monai_covid.lab.phantom.grid import make_grid
from monai_covid.lab.phantom.patient import Patient, Position
from monai_covid.lab.phantom.randomness import around, between, smooth_noise
from monai_covid.lab.phantom.skeleton import shoulder_girdle
from monai_covid.lab.phantom.thorax import diaphragm_level, make_thorax

SOURCE_SIZE = 176
SOURCE_FIELD = 46.0
"""Side of the source maps in pixels and in centimetres: more than any image made of them shows."""

FloatMap = NDArray[np.float32]


class Chest(NamedTuple):
    """Maps (S, S) float32 of one chest; lengths in centimetres.

    Attributes:
        tissue: Path through soft tissue, bones and vessels not counted.
        bone: Path through bone of mean density.
        air: Path through aerated lung.
        vessels: Path through the vessels of the lungs.
        lesion: Attenuation that findings add; dimensionless.
        gas: Path through gas in stomach and bowel.
        left: 1 in the lung field on the left of the image, else 0.
        right: 1 in the lung field on the right of the image, else 0.
    """

    tissue: FloatMap
    bone: FloatMap
    air: FloatMap
    vessels: FloatMap
    lesion: FloatMap
    gas: FloatMap
    left: FloatMap
    right: FloatMap


def draw_chest(random: np.random.Generator) -> Chest:
    """Return a chest whose build varies more than that of the phantom's patients.

    Children, emphysema, obesity, low inspiration and big hearts are all frequent here: a network
    that has seen too much variety does better on real images than one that has seen too little
    (domain randomisation; Tobin et al., IROS 2017; Billot et al., SynthSeg, Med. Image Anal. 2023).
    """
    patient, position = _draw_patient(random), _draw_position(random)
    grid = make_grid((SOURCE_SIZE, SOURCE_SIZE), position)
    anatomy = build_anatomy(grid, patient, position, make_thorax(patient, position), random)
    shadows = anatomy.shadows
    return Chest(
        *(
            np.asarray(values, dtype=np.float32)
            for values in (
                shadows.tissue,
                _move_girdle(anatomy, position, random),
                shadows.air,
                anatomy.vessels,
                _draw_lesion(anatomy, random),
                _draw_gas(anatomy, random),
                shadows.lungs & (grid.x < 0),
                shadows.lungs & (grid.x >= 0),
            )
        )
    )


def _draw_patient(random: np.random.Generator) -> Patient:
    return Patient(
        number=0,
        sex="F",
        age=50,
        half_width=between(random, 11.0, 15.5),
        lung_height=between(random, 19.0, 28.0),
        depth=between(random, 10.0, 19.0),
        wall=between(random, 0.8, 8.0),
        heart=between(random, 0.34, 0.58),
        breast=between(random, 0.5, 6.0) if random.random() < 0.5 else 0.0,
        bone=between(random, 0.4, 1.6),
    )


def _draw_position(random: np.random.Generator) -> Position:
    return Position(
        view="AP",
        field=SOURCE_FIELD,
        tilt=0.0,
        shift=(0.0, around(random, 0.0, 1.0)),
        inspiration=between(random, 0.66, 1.0),
        heart_magnification=between(random, 0.9, 1.2),
        scapula=between(random, -3.0, 4.5),
    )


def _move_girdle(
    anatomy: Anatomy, position: Position, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return the bones with shoulders that are up or down: clavicles cross the apices anywhere."""
    grid = anatomy.grid
    moved = grid._replace(y=grid.y - between(random, -3.5, 3.5))
    before, after = (shoulder_girdle(place, position.scapula) for place in (grid, moved))
    return np.maximum(0.0, anatomy.shadows.bone + after - before)


def _draw_lesion(anatomy: Anatomy, random: np.random.Generator) -> NDArray[np.float64]:
    if random.random() < 0.5:
        return np.zeros(anatomy.grid.shape)
    names = list(random.choice(list(FINDINGS), size=int(random.integers(1, 3)), replace=False))
    seed = int(random.integers(2**31))
    return render_findings(anatomy, names, seed, (0, 0), between(random, 0.7, 2.5))


def _draw_gas(anatomy: Anatomy, random: np.random.Generator) -> NDArray[np.float64]:
    """Return bubbles of gas below the diaphragm."""
    grid, gas = anatomy.grid, np.zeros(anatomy.grid.shape)
    for number in range(int(random.integers(0, 9))):
        x, width = around(random, 2.0, 5.0), between(random, 1.0, 4.5)
        height, depth = between(random, 0.8, 3.0), between(random, 0.3, 12.0)
        if number == 0:  # stomach or colon right under the left diaphragm
            x, width, depth = between(random, 4.0, 10.0), between(random, 2.0, 6.0), 0.4
        y = float(diaphragm_level(anatomy.thorax, x)) + height + depth
        wobble = 0.25 * smooth_noise(random, grid.shape, SOURCE_SIZE / 8)
        norm = ((grid.x - x) / width) ** 2 + ((grid.y - y) / height) ** 2
        gas = np.maximum(gas, between(random, 1.5, 8.0) * ellipse_chord(norm + wobble * norm))
    return gas
