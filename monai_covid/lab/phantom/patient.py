"""Who is imaged, and how the patient stands in the beam. All lengths are in centimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monai_covid.lab.phantom.randomness import Stream, around, between, random_stream

Sex = Literal["F", "M"]
View = Literal["AP", "PA"]


@dataclass(frozen=True)
class Patient:
    """The body of one patient; the same in all images of the patient.

    Attributes:
        number: Number of the patient within the data set.
        sex: F or M.
        age: Age in years at the first image.
        half_width: From the midline to the inner side of the ribs.
        lung_height: From the apex to the right dome of the diaphragm in full inspiration.
        depth: Front to back, inside the rib cage.
        wall: Soft tissue around the rib cage on each side.
        heart: Width of the heart relative to the inner width of the chest.
        breast: Thickness of the breast tissue; 0 for none.
        bone: Mineral density of the bones relative to the mean.
    """

    number: int
    sex: Sex
    age: int
    half_width: float
    lung_height: float
    depth: float
    wall: float
    heart: float
    breast: float
    bone: float


@dataclass(frozen=True)
class Position:
    """How the patient was placed for one image.

    Attributes:
        view: PA (standing, from behind) or AP (from the front, often in bed).
        field: Length of the shorter image side at the patient.
        tilt: Rotation in the image plane in degrees.
        shift: Offset (across, along) of the patient from the centre of the image.
        inspiration: Height of the lungs relative to full inspiration.
        heart_magnification: Enlargement of the heart shadow.
        scapula: How far the shoulder blades are turned out of the lungs.
    """

    view: View
    field: float
    tilt: float
    shift: tuple[float, float]
    inspiration: float
    heart_magnification: float
    scapula: float


def draw_patient(seed: int, number: int) -> Patient:
    """Draw the patient with this number; nothing of it depends on a finding or a class."""
    random = random_stream(seed, Stream.PATIENT, number)
    sex: Sex = "F" if random.random() < 0.47 else "M"
    scale = 0.93 if sex == "F" else 1.0
    age = round(between(random, 20, 88))
    return Patient(
        number=number,
        sex=sex,
        age=age,
        half_width=scale * around(random, 13.4, 0.7),
        lung_height=scale * around(random, 24.0, 1.2),
        depth=scale * around(random, 14.5, 1.1),
        wall=between(random, 2.2, 5.2),
        heart=around(random, 0.44, 0.025),
        breast=between(random, 1.0, 4.0) if sex == "F" else 0.0,
        bone=around(random, 1.0, 0.1),
    )


def draw_position(seed: int, image: tuple[int, int]) -> Position:
    """Draw the position of the patient in one image.

    Args:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
    """
    random = random_stream(seed, Stream.POSITION, *image)
    supine = random.random() < 0.4
    return Position(
        view="AP" if supine else "PA",
        field=around(random, 35.0, 1.1),
        tilt=around(random, 0.0, 2.5 if supine else 1.2),
        shift=(around(random, 0.0, 0.7), around(random, 0.0, 0.8)),
        inspiration=around(random, 0.86 if supine else 0.97, 0.03),
        heart_magnification=around(random, 1.1 if supine else 1.0, 0.02),
        scapula=between(random, -1.0, 1.0) if supine else between(random, 1.5, 4.0),
    )
