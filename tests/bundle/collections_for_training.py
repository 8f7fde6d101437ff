"""Collections that are just large enough to start every stage on."""

from pathlib import Path

from monai_covid.labels import NIH_LABELS
from tests.data.collections_on_disk import NihRow, three_classes, write_manifest, write_nih


def nih_folder(folder: Path) -> Path:
    """Write ChestX-ray14's layout with every label in training, validation and test."""
    rows: list[NihRow] = []
    for repeat in range(4):
        for number, label in enumerate(NIH_LABELS):
            patient = repeat * len(NIH_LABELS) + number + 1
            rows.append((f"{patient:08d}_000.png", label, str(patient)))
    names = [image for image, _, _ in rows]
    tested = len(NIH_LABELS)
    return write_nih(folder, rows, names[tested:], names[:tested])


def covid_folder(folder: Path) -> Path:
    """Write a manifest with six patients a class."""
    write_manifest(folder, three_classes(patients=6, images=1))
    return folder
