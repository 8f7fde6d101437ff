"""All cues of a collection, in one pass over its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_covid.audits.shortcuts.file_cues import encoding, original_size
from monai_covid.audits.shortcuts.pixel_cues import border_strips, grey_histogram, thumbnail
from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.errors import ImageReadError, InputError, Problem

FloatArray = NDArray[np.float64]


def measure_cues(records: Records) -> dict[str, FloatArray]:
    """Return the features ``(N, F)`` of each cue; those of ``CUES`` that the collection has.

    Raises:
        InputError: If images cannot be read or original sizes are no numbers; names all of them.
    """
    sizes = original_size(records)
    rows: list[dict[str, FloatArray]] = []
    problems = []
    for path in records.paths:
        try:
            rows.append(cues_of_file(Path(path)))
        except ImageReadError as error:
            problems.append(Problem(records.file, None, str(error)))
    if problems:
        raise InputError(problems)
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return found if sizes is None else {**found, "original_size": sizes}


def cues_of_file(path: Path) -> dict[str, FloatArray]:
    """Return the features ``(F,)`` of each cue of one image file.

    Raises:
        ImageReadError: If it cannot be read.
    """
    pixels = read_image(path)
    height, width = pixels.shape
    return {
        "aspect": np.array([width / height]),
        # The longest side alone: both sides together would be the aspect ratio once more.
        "encoding": np.append(encoding(path), max(pixels.shape)),
        "border": border_strips(pixels),
        "bytes_per_pixel": np.array([path.stat().st_size / pixels.size]),
        "histogram": grey_histogram(pixels),
        "thumbnail_8": thumbnail(pixels, 8),
        "thumbnail_16": thumbnail(pixels, 16),
        "equalised_16": thumbnail(pixels, 16, equalised=True),
    }
