"""Reading every image once, to find files that are damaged before a training does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tqdm import tqdm

from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.errors import ImageReadError, Problem


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


class DeepCheck(NamedTuple):
    """Result for ``N`` records.

    Attributes:
        facts: Of each image, None if it is missing or cannot be read.
        problems: Images that cannot be read.
    """

    facts: list[ImageFacts | None]
    problems: list[Problem]


def check_images(records: Records, progress: bool = True) -> DeepCheck:
    """Read every image of ``records`` that has a path, in parallel threads.

    Args:
        records: Missing images are passed over, as the readers report them.
        progress: Show a progress bar on standard error.
    """
    result = DeepCheck([], [])
    lines = records.frame.index.tolist()
    found = tqdm(
        _read_all(records.paths.tolist()),
        total=len(records),
        desc="reading images",
        unit="image",
        disable=not progress,
    )
    for line, facts in zip(lines, found, strict=True):
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
