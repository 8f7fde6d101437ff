"""Cues from the file rather than from the picture: its encoding, and the original's size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from monai_covid.data.image_formats import PICTURE_FORMATS, detect_format
from monai_covid.data.records import Records
from monai_covid.errors import InputError, Problem

NOT_KNOWN = -1.0
KINDS = ("picture", "dicom", "nifti")
ORIGINAL_SIZE = ("orig_width", "orig_height")
STANDARD_LUMA_SUM = 3691
"""Sum of the luminance quantisation table of ITU-T T.81, Annex K.1."""


def encoding(path: Path) -> NDArray[np.float64]:
    """Return kind of file, format, channels, bits a channel and JPEG quality, ``(5,)``.

    Only the header is read. -1 stands for what a file does not have: format, channels and bits of
    DICOM and NIfTI, the quality of anything but JPEG.

    Args:
        path: Image file that can be read.
    """
    kind = detect_format(path)
    number = float(KINDS.index(kind)) if kind in KINDS else NOT_KNOWN
    if kind != "picture":
        return np.array([number] + 4 * [NOT_KNOWN])
    with Image.open(path, formats=PICTURE_FORMATS) as image:
        name = image.format or ""
        bits = {"1": 1, "I": 16, "F": 32}.get(image.mode.split(";")[0], 8)
        tables: dict[int, Sequence[int]] = getattr(image, "quantization", {})
        known = PICTURE_FORMATS.index(name) if name in PICTURE_FORMATS else NOT_KNOWN
        quality = jpeg_quality(tables[0]) if 0 in tables else NOT_KNOWN
        return np.array([number, known, len(image.getbands()), bits, quality], dtype=np.float64)


def jpeg_quality(table: Sequence[int]) -> float:
    """Return the quality, 1 to 100, at which a JPEG encoder makes a luminance table.

    The Independent JPEG Group's encoder scales the table of ITU-T T.81, Annex K.1 to
    5000 / quality per cent below 50, and to 200 - 2 quality from there on; the sums of both tables
    are compared. Below about 25 the result is too high, because divisors are capped at 255.

    Args:
        table: The 64 divisors.
    """
    scale = 100 * sum(table) / STANDARD_LUMA_SUM
    return float(np.clip((200 - scale) / 2 if scale <= 100 else 5000 / scale, 1, 100))


def original_size(records: Records) -> NDArray[np.float64] | None:
    """Return aspect ratio, width and height of the originals, ``(N, 3)``.

    Args:
        records: With the columns ``orig_width`` and ``orig_height``, in pixels; -1 stands for
            empty cells.

    Returns:
        None if the manifest does not have both columns.

    Raises:
        InputError: If cells hold something else than a positive number; names all of them.
    """
    if any(name not in records.frame for name in ORIGINAL_SIZE):
        return None
    problems = [p for name in ORIGINAL_SIZE for p in _wrong(records, name)]
    if problems:
        raise InputError(problems)
    width, height = (
        pd.to_numeric(records.frame[name], errors="coerce").to_numpy(np.float64)
        for name in ORIGINAL_SIZE
    )
    known = np.column_stack([width / height, width, height])
    return np.where(np.isnan(known), NOT_KNOWN, known)


def _wrong(records: Records, name: str) -> list[Problem]:
    cells = records.frame[name]
    numbers = pd.to_numeric(cells, errors="coerce")
    wrong = cells[(cells.str.strip() != "") & ~((numbers > 0) & np.isfinite(numbers))]
    return [
        Problem(records.file, int(row), f"{name} {value!r} is not a positive number of pixels")
        for row, value in wrong.items()
    ]
