"""Small collections with tiny pictures, for the tests of the readers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from monai_covid.errors import InputError

NIH_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
NihRow = tuple[str, str, str]
"""Image, findings, patient number."""

NIH_ROWS: tuple[NihRow, ...] = (
    ("00000001_000.png", "Cardiomegaly", "1"),
    ("00000001_001.png", "Cardiomegaly|Emphysema", "1"),
    ("00000002_000.png", "No Finding", "2"),
    ("00000003_000.png", "Hernia", "3"),
    ("00000004_000.png", "Mass|Nodule", "4"),
)
NIH_TRAIN_VAL = ("00000001_000.png", "00000001_001.png", "00000002_000.png")
NIH_TEST = ("00000003_000.png", "00000004_000.png")


def write_picture(path: Path, seed: int = 0, size: tuple[int, int] = (40, 36)) -> Path:
    """Write a random grey PNG of ``size`` (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, size[::-1], dtype=np.uint8)
    Image.fromarray(pixels).save(path, format="PNG")
    return path


def write_nih(
    folder: Path,
    rows: Sequence[NihRow] = NIH_ROWS,
    train_val: Iterable[str] = NIH_TRAIN_VAL,
    test: Iterable[str] = NIH_TEST,
    *,
    images: str = "images",
    header: str = NIH_HEADER,
    name: str = "Data_Entry_2017.csv",
) -> Path:
    """Write a folder in the layout of ChestX-ray14; ``images`` is the folder of the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{image},{findings},0,{patient},58,M,PA,2682,2749,0.143,0.143,"
        for image, findings, patient in rows
    ]
    (folder / name).write_text("\n".join([header, *lines]) + "\n")
    (folder / "train_val_list.txt").write_text("\n".join(train_val) + "\n")
    (folder / "test_list.txt").write_text("\n".join(test) + "\n")
    for seed, (image, _, _) in enumerate(rows):
        write_picture(folder / images / image, seed)
    return folder


def write_manifest(
    folder: Path, lines: Sequence[str], header: str = "image,label,patient_id", images: str = ""
) -> Path:
    """Write ``metadata.csv`` and a picture for every image in it; return the CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "metadata.csv"
    file.write_text("\n".join([header, *lines]) + "\n")
    for seed, line in enumerate(lines):
        name = line.split(",")[0].strip()
        if name:
            write_picture(folder / images / name, seed)
    return file


def three_classes(patients: int = 12, images: int = 2, prefix: str = "p") -> list[str]:
    """Return manifest lines: ``patients`` per class with ``images`` each."""
    return [
        f"{prefix}_{label}_{patient}_{image}.png,{label},{prefix}-{label}-{patient:03d}"
        for label in ("covid19", "pneumonia", "normal")
        for patient in range(patients)
        for image in range(images)
    ]


def found(error: InputError) -> list[tuple[str, int | None, str]]:
    """Return file name, row and message of every problem."""
    return [(Path(p.file).name, p.row, p.message) for p in error.problems]
