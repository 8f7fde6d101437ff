"""Phantom collections on disk, small enough for a quick search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.data.records import Records
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions

LABELS = ("covid19", "pneumonia", "normal")


def make_records(
    folder: Path,
    images: Sequence[np.ndarray],
    *,
    patients: Sequence[str],
    labels: Sequence[str],
    **columns: Sequence[str],
) -> Records:
    """Write PNG files and return them as records; a manifest with these problems is not read."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"image{number}.png" for number in range(len(images))]
    for name, pixels in zip(names, images, strict=True):
        Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(folder / name)
    frame = pd.DataFrame({"image": names, "patient_id": list(patients), "label": list(labels)})
    frame = frame.assign(**{key: list(values) for key, values in columns.items()})
    frame.index = frame.index + 2
    paths = np.array([str(folder / name) for name in names], dtype=object)
    targets = np.array([[one == label for label in LABELS] for one in labels], dtype=bool)
    return Records(folder / "metadata.csv", LABELS, frame, paths, targets)


@pytest.fixture(scope="session")
def phantoms() -> list[np.ndarray]:
    """Eight phantom radiographs of eight patients, ``(160, 160)`` float32 of 0 to 255."""
    options = PhantomOptions(size=160)
    return [
        generate_covid_case(3, number, LABELS[number % 3], options).pixels.astype(np.float32)
        for number in range(8)
    ]


@pytest.fixture
def records_of() -> Callable[..., Records]:
    """The function ``make_records``."""
    return make_records
