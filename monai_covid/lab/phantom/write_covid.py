"""A COVID phantom on disk, alone or beside an NIH phantom: manifest with folds, images, masks."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from monai_covid.lab.phantom.folder import map_rows, new_folder
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.image import PhantomImage, save_image
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.schedule import CovidRow, assign_folds, plan_covid, plan_nih
from monai_covid.lab.phantom.write_nih import fill_nih_folder, render_nih
from monai_covid.labels import COVID_LABELS, NO_FINDING

MANIFEST = "metadata.csv"
COVID_CONTENTS = frozenset({MANIFEST, "images", "masks"})

COVID_COLUMNS = (
    "image",
    "label",
    "patient_id",
    "source",
    "view",
    "age",
    "sex",
    "fold",
    "finding_labels",
    "words",
)

SOURCE = "phantom"


def write_covid_phantom(
    out: Path | str,
    *,
    images_per_class: int | Mapping[str, int],
    seed: int,
    options: PhantomOptions | None = None,
    nih_images: int = 0,
    shared_fraction: float = 0.25,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write a COVID phantom: ``metadata.csv`` with patient-wise folds, images and masks.

    Args:
        out: Folder to make.
        images_per_class: Number of images of each class, one number for all or a number by label.
        seed: Seed of the data set, at least 0.
        options: Settings of the generator; defaults if None.
        nih_images: Size of the NIH phantom of the same seed and options that patients are shared
            with, at least 2; 0 for no shared patients. Shared images are the same files under the
            same names, and their patient 61 is written ``nih-00061``.
        shared_fraction: Part of the images of ``pneumonia`` and ``normal`` that is shared, in
            [0, 1]; less if the NIH phantom has not enough of them.
        overwrite: Replace a COVID phantom that is already there.
        progress: Show a progress bar.

    Returns:
        ``out``.

    Raises:
        ValueError: If a number is out of its range or a label is unknown.
        InputError: If ``out`` cannot be written to.
    """
    counts = count_images(images_per_class)
    check_sharing(seed, nih_images, shared_fraction)
    rows = plan_covid(seed, counts, plan_nih(seed, nih_images), shared_fraction)
    with new_folder(out, COVID_CONTENTS, overwrite=overwrite) as folder:
        fill_covid_folder(folder, rows, seed, options or PhantomOptions(), progress=progress)
    return Path(out)


def write_phantom(
    out: Path | str,
    *,
    nih_images: int,
    covid_images_per_class: int | Mapping[str, int],
    seed: int,
    options: PhantomOptions | None = None,
    shared_fraction: float = 0.25,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write ``out/nih`` and ``out/covid``, with some patients in both.

    Args:
        out: Folder to make.
        nih_images: Number of images of the NIH phantom, at least 2; 0 leaves ``out/nih`` out.
        covid_images_per_class: Images of each class, one number for all or a number by label.
        seed: Seed of both, at least 0.
        options: Settings of the generator; defaults if None.
        shared_fraction: Part of ``pneumonia`` and ``normal`` that is also in ``out/nih``, 0 to 1.
        overwrite: Replace a phantom that is already there.
        progress: Show progress bars.

    Returns:
        ``out``.

    Raises:
        ValueError: If a number is out of its range or a label is unknown.
        InputError: If ``out`` cannot be written to.
    """
    counts = count_images(covid_images_per_class)
    check_sharing(seed, nih_images, shared_fraction)
    options = options or PhantomOptions()
    rows = plan_covid(seed, counts, plan_nih(seed, nih_images), shared_fraction)
    with new_folder(out, frozenset({"nih", "covid"}), overwrite=overwrite) as folder:
        if nih_images:
            (folder / "nih").mkdir()
            fill_nih_folder(folder / "nih", nih_images, seed, options, progress=progress)
        (folder / "covid").mkdir()
        fill_covid_folder(folder / "covid", rows, seed, options, progress=progress)
    return Path(out)


def fill_covid_folder(
    folder: Path, rows: list[CovidRow], seed: int, options: PhantomOptions, *, progress: bool
) -> None:
    """Write the files of a COVID phantom into the existing, empty ``folder``."""
    folds = assign_folds(rows)

    def make(row: CovidRow) -> list[str | int]:
        image = _render(seed, row, options)
        save_image(folder, row.image, image)
        return _entry(row, image, folds[row.patient])

    with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COVID_COLUMNS)
        table.writerows(map_rows(make, rows, "COVID phantom", progress=progress))


def _render(seed: int, row: CovidRow, options: PhantomOptions) -> PhantomImage:
    if row.shared:
        return render_nih(seed, row.shared, options)
    return generate_covid_case(seed, row.index, row.label, options, patient=row.patient)


def _entry(row: CovidRow, image: PhantomImage, fold: int) -> list[str | int]:
    findings = {"covid19": "COVID-19", "pneumonia": "Pneumonia"}.get(row.label, NO_FINDING)
    patient = [image.view, image.age, image.sex]
    words = " ".join(image.words)
    return [row.image, row.label, row.patient_id, SOURCE, *patient, fold, findings, words]


def count_images(images_per_class: int | Mapping[str, int]) -> dict[str, int]:
    """Return the number of images of each class.

    Raises:
        ValueError: If a label is unknown, a number is negative, or all are 0.
    """
    if isinstance(images_per_class, int):
        images_per_class = dict.fromkeys(COVID_LABELS, images_per_class)
    unknown = sorted(set(images_per_class) - set(COVID_LABELS))
    if unknown:
        raise ValueError(f"unknown labels {unknown}; expected some of {', '.join(COVID_LABELS)}")
    counts = {label: images_per_class.get(label, 0) for label in COVID_LABELS}
    if min(counts.values()) < 0 or not any(counts.values()):
        raise ValueError(f"images per class must be at least 0 and not all 0, got {counts}")
    return counts


def check_sharing(seed: int, nih_images: int, shared_fraction: float) -> None:
    """Raise a ValueError that names every value that is out of its range."""
    wrong = []
    if seed < 0:
        wrong.append(f"seed must be at least 0, got {seed}")
    if nih_images < 0 or nih_images == 1:
        wrong.append(f"the number of NIH images must be 0 or at least 2, got {nih_images}")
    if not 0.0 <= shared_fraction <= 1.0:
        wrong.append(f"shared_fraction must be in [0, 1], got {shared_fraction}")
    if wrong:
        raise ValueError("; ".join(wrong))
