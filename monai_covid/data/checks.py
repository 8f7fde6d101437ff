"""Checking a whole collection before training: every problem at once, or a summary.

The deep check reads every image, so that a damaged file is found before a training meets it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from monai_covid.data.collections.reading import inspect_collection
from monai_covid.data.folders import as_paths
from monai_covid.data.images import read_image
from monai_covid.data.manifest import has_folds
from monai_covid.data.nih import inspect_nih
from monai_covid.data.patients import drop_manifest_patients
from monai_covid.data.records import Records
from monai_covid.data.summary import (
    Part,
    SizeRange,
    Summary,
    count_formats,
    count_part,
    count_parts,
)
from monai_covid.data.unknown_patients import patient_notes
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.labels import NIH_LABELS


def check_collection(
    collection: Path | str,
    image_dir: Path | str | None = None,
    *,
    deep: bool = True,
    progress: bool = True,
    labels: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    layout: str | None = None,
) -> Summary:
    """Check a labelled collection and its images.

    Args:
        collection: CSV file or folder of any layout, see
            :func:`monai_covid.data.collections.reading.read_collection`.
        image_dir: Folder of the images, if not beside the manifest.
        deep: Also read every image.
        progress: Show a progress bar on standard error while images are read.
        labels: The class names; None: what the collection has.
        patient_pattern: Tells the patient from an image's name, where no column does.
        layout: One of ``LAYOUTS``; None: the first that fits.

    Returns:
        Summary, ``str()`` of which is for people.

    Raises:
        InputError: Lists everything that is wrong.
    """
    records, problems, notes = inspect_collection(
        collection, labels, image_dir=image_dir, patient_pattern=patient_pattern, layout=layout
    )
    column = "fold" if has_folds(records.frame) else "split"
    parts = count_parts(records, column) if column in records.frame else {}
    images = check_images(records, progress) if deep else DeepCheck([], [])
    return _checked(records, problems, parts, {}, images, notes=notes)


def check_nih(
    dataset_dir: Path | str,
    exclude_manifests: Path | str | Sequence[Path | str] | None = (),
    deep: bool = True,
    progress: bool = True,
    labels: Sequence[str] = NIH_LABELS,
) -> Summary:
    """Check a folder in the layout of ChestX-ray14.

    Args:
        dataset_dir: The folder, see :func:`monai_covid.data.nih.read_nih`.
        exclude_manifests: Manifests of stage 3 (one or several); their patients are left out.
        deep: Also read every image that is used.
        progress: Show a progress bar on standard error while images are read.
        labels: The outputs.

    Returns:
        Summary of the images that are used, ``str()`` of which is for people.

    Raises:
        InputError: Lists everything that is wrong.
    """
    inspection = inspect_nih(dataset_dir, labels)
    excluded = drop_manifest_patients(inspection.records, as_paths(exclude_manifests))
    left_out = {
        "in neither list": inspection.unlisted,
        f"of {excluded.patients} patients who are in the excluded manifests": excluded.images,
    }
    records = excluded.records
    parts = count_parts(records, "split")
    images = check_images(records, progress) if deep else DeepCheck([], [])
    notes = patient_notes(records.frame["patient_id"])
    return _checked(records, inspection.problems, parts, left_out, images, notes=notes)


def _checked(
    records: Records,
    problems: list[Problem],
    parts: Mapping[str, Part],
    left_out: Mapping[str, int],
    images: DeepCheck,
    *,
    notes: Sequence[str],
) -> Summary:
    problems = [*problems, *images.problems]
    if not len(records):
        reasons = ", ".join(f"{count} {why}" for why, count in left_out.items() if count)
        problems.append(Problem(records.file, None, f"no images are left; left out: {reasons}"))
    if problems:
        raise InputError(problems)
    return Summary(
        file=records.file,
        total=count_part(records),
        parts=parts,
        formats=count_formats(records),
        left_out={why: count for why, count in left_out.items() if count},
        sizes=size_range(images.facts),
        notes=(*notes, *same_pixels(records, images.facts)),
    )


class DeepCheck(NamedTuple):
    """Result for ``N`` records.

    Attributes:
        facts: Of each image, None if it is missing or cannot be read.
        problems: Images that cannot be read.
    """

    facts: list[ImageFacts | None]
    problems: list[Problem]


class ImageFacts(NamedTuple):
    """What the deep check learns of an image.

    Attributes:
        height: Rows.
        width: Columns.
        digest: Hash of the pixel values.
    """

    height: int
    width: int
    digest: bytes


def check_images(records: Records, progress: bool = True) -> DeepCheck:
    """Read every image of ``records`` that has a path, in parallel threads.

    Args:
        records: Missing images are passed over, as the readers report them.
        progress: Show a progress bar on standard error.
    """
    result = DeepCheck([], [])
    lines = records.frame.index.tolist()
    results = tqdm(
        _read_all(records.paths.tolist()),
        total=len(records),
        desc="reading images",
        unit="image",
        disable=not progress,
    )
    for line, facts in zip(lines, results, strict=True):
        if isinstance(facts, str):
            result.problems.append(Problem(records.file, line, facts))
            result.facts.append(None)
        else:
            result.facts.append(facts)
    return result


def same_pixels(records: Records, facts: list[ImageFacts | None]) -> list[str]:
    """Describe images with the same pixels as an earlier one; leaks if the patients differ."""
    first: dict[ImageFacts, int] = {}
    notes = []
    images, patients = records.frame["image"].tolist(), records.patients.tolist()
    lines = records.frame.index.tolist()
    for row, fact in enumerate(facts):
        before = first.setdefault(fact, row) if fact else row
        if before == row:
            continue
        pair = f"{images[before]} (row {lines[before]}) and {images[row]} (row {lines[row]})"
        note = f"{pair} have the same pixels"
        if patients[before] != patients[row]:
            note += f" but are of patients {patients[before]} and {patients[row]}"
        notes.append(note)
    return notes


def size_range(facts: list[ImageFacts | None]) -> SizeRange | None:
    """Return the range of image sizes, or None if no image was read."""
    sizes = np.array([(fact.height, fact.width) for fact in facts if fact])
    if not len(sizes):
        return None
    (least_height, least_width), (most_height, most_width) = sizes.min(0), sizes.max(0)
    return SizeRange(int(least_height), int(most_height), int(least_width), int(most_width))


def _read_all(paths: list[str]) -> Iterator[ImageFacts | str | None]:
    """Yield facts or message per path; submitted in blocks so that a long list needs no memory."""
    workers = min(32, (os.cpu_count() or 1) + 2)
    block = 64 * workers
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paths), block):
            yield from pool.map(_read, paths[start : start + block])


def _read(path: str) -> ImageFacts | str | None:
    if not path:
        return None
    try:
        image = read_image(path)
    except (ImageReadError, OSError) as error:
        return str(error)
    digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    height, width = image.shape
    return ImageFacts(height, width, digest)
