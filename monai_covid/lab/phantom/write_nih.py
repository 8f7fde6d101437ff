"""An NIH phantom on disk, in the layout of ChestX-ray14 (Wang et al., CVPR 2017)."""

from __future__ import annotations

import csv
from pathlib import Path

from monai_covid.lab.phantom.folder import map_rows, new_folder
from monai_covid.lab.phantom.generate import generate_nih_case
from monai_covid.lab.phantom.image import PhantomImage, save_image
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.schedule import NihRow, plan_nih
from monai_covid.labels import NO_FINDING

TABLE = "Data_Entry_2017.csv"
TRAIN_LIST = "train_val_list.txt"
TEST_LIST = "test_list.txt"
NIH_CONTENTS = frozenset({TABLE, TRAIN_LIST, TEST_LIST, "images", "masks"})

NIH_COLUMNS = (
    "Image Index",
    "Finding Labels",
    "Follow-up #",
    "Patient ID",
    "Patient Age",
    "Patient Gender",
    "View Position",
    "OriginalImage[Width",
    "Height]",
    "OriginalImagePixelSpacing[x",
    "y]",
)
"""The official header; two of its names contain a comma that is not quoted."""


def write_nih_phantom(
    out: Path | str,
    *,
    images: int,
    seed: int,
    options: PhantomOptions | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write an NIH phantom: table, official lists, images and masks.

    Every patient has one or more follow-ups and stands in one list alone. A block of 24 images
    holds each finding at least once.

    Args:
        out: Folder to make.
        images: Number of images, at least 2, so that both lists have one.
        seed: Seed of the data set, at least 0.
        options: Settings of the generator; defaults if None.
        overwrite: Replace an NIH phantom that is already there.
        progress: Show a progress bar.

    Returns:
        ``out``.

    Raises:
        ValueError: If the number of images or the seed is out of range.
        InputError: If ``out`` cannot be written to.
    """
    if images < 2 or seed < 0:
        raise ValueError(f"images must be at least 2 and seed at least 0, got {images} and {seed}")
    with new_folder(out, NIH_CONTENTS, overwrite=overwrite) as folder:
        fill_nih_folder(folder, images, seed, options or PhantomOptions(), progress=progress)
    return Path(out)


def fill_nih_folder(
    folder: Path, images: int, seed: int, options: PhantomOptions, *, progress: bool
) -> None:
    """Write the files of an NIH phantom into the existing, empty ``folder``."""
    rows = plan_nih(seed, images)

    def make(row: NihRow) -> list[str | int]:
        image = render_nih(seed, row, options)
        save_image(folder, row.image, image)
        return _entry(row, image)

    with (folder / TABLE).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(NIH_COLUMNS)
        table.writerows(map_rows(make, rows, "NIH phantom", progress=progress))
    for name, is_test in ((TRAIN_LIST, False), (TEST_LIST, True)):
        lines = [f"{row.image}\n" for row in rows if row.is_test == is_test]
        (folder / name).write_text("".join(lines), encoding="utf-8")


def render_nih(seed: int, row: NihRow, options: PhantomOptions) -> PhantomImage:
    """Return the image of one row."""
    return generate_nih_case(
        seed, row.index, row.findings, options, patient=row.patient, years=row.follow_up // 2
    )


def _entry(row: NihRow, image: PhantomImage) -> list[str | int]:
    height, width = image.pixels.shape
    spacing = f"{image.pixel_spacing:.3f}"
    labels = "|".join(row.findings) or NO_FINDING
    patient = [row.patient, image.age, image.sex, image.view]
    return [row.image, labels, row.follow_up, *patient, width, height, spacing, spacing]
