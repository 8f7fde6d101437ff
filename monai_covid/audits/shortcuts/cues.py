"""Cues: features of a file that show no detail of the lungs, measured in one pass over all files.

Some come from the file (encoding, size of the original), others from grey values (border strips,
thumbnails, histogram).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from monai_covid.data.image_formats import PICTURE_FORMATS, detect_format
from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.resize import resize_to_square


class Cue(NamedTuple):
    """A group of features that classes may be predicted by.

    Attributes:
        title: Name in tables.
        phrase: Name in a sentence, in the singular, without article.
        lung_free: Whether it contains no lung, so that no disease of the lung can show.
        trees: Whether it is learned by boosted trees; otherwise by logistic regression.
    """

    title: str
    phrase: str
    lung_free: bool
    trees: bool


CUES: Mapping[str, Cue] = {
    "aspect": Cue("Aspect ratio", "aspect ratio", True, True),
    "original_size": Cue("Size before conversion", "size before conversion", True, True),
    "encoding": Cue("File format and size", "file format", True, True),
    "border": Cue("Border strips", "border", True, True),
    "bytes_per_pixel": Cue("Bytes per pixel", "number of bytes per pixel", False, True),
    "histogram": Cue("Grey-level histogram", "histogram", False, True),
    "thumbnail_8": Cue("Thumbnail 8\N{MULTIPLICATION SIGN}8", "thumbnail", False, False),
    "thumbnail_16": Cue("Thumbnail 16\N{MULTIPLICATION SIGN}16", "thumbnail", False, False),
    "equalised_16": Cue("Equalised 16\N{MULTIPLICATION SIGN}16", "thumbnail", False, False),
}
"""All cues. Those that are not lung-free may show some disease, but no detail of it."""

NOT_KNOWN = -1.0

KINDS = ("picture", "dicom", "nifti")

ORIGINAL_SIZE = ("orig_width", "orig_height")

STANDARD_LUMA_SUM = 3691
"""Sum of the luminance quantisation table of ITU-T T.81, Annex K.1."""

BORDER = 0.05
"""Width of a border strip, as a part of the shorter side."""

SEGMENTS = 8

BINS = 32

FloatArray = NDArray[np.float64]


def measure_cues(records: Records, *, progress: bool = False) -> dict[str, FloatArray]:
    """Return the features ``(N, F)`` of each cue; those of ``CUES`` that the collection has.

    Args:
        records: The images.
        progress: Whether a progress bar is shown.

    Raises:
        InputError: If images cannot be read or original sizes are no numbers; names all of them.
    """
    sizes = original_size(records)
    rows: list[dict[str, FloatArray]] = []
    problems = []
    for path in tqdm(records.paths, desc="Cues", unit="image", disable=not progress):
        try:
            rows.append(cues_of_file(Path(path)))
        except ImageReadError as error:
            problems.append(Problem(records.file, None, str(error)))
    if problems:
        raise InputError(problems)
    features = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return features if sizes is None else {**features, "original_size": sizes}


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
        code = PICTURE_FORMATS.index(name) if name in PICTURE_FORMATS else NOT_KNOWN
        quality = jpeg_quality(tables[0]) if 0 in tables else NOT_KNOWN
        return np.array([number, code, len(image.getbands()), bits, quality], dtype=np.float64)


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
    sizes = np.column_stack([width / height, width, height])
    return np.where(np.isnan(sizes), NOT_KNOWN, sizes)


def _wrong(records: Records, name: str) -> list[Problem]:
    cells = records.frame[name]
    numbers = pd.to_numeric(cells, errors="coerce")
    wrong = cells[(cells.str.strip() != "") & ~((numbers > 0) & np.isfinite(numbers))]
    return [
        Problem(records.file, int(row), f"{name} {value!r} is not a positive number of pixels")
        for row, value in wrong.items()
    ]


def border_strips(pixels: NDArray[Any]) -> FloatArray:
    """Return mean and standard deviation of 8 segments of each border strip, ``(64,)``.

    Args:
        pixels: Grey values (H, W), at least 32 x 32.
    """
    width = max(1, round(BORDER * min(pixels.shape)))
    strips = (pixels[:width], pixels[-width:], pixels[:, :width].T, pixels[:, -width:].T)
    parts = [part for strip in strips for part in np.array_split(strip, SEGMENTS, axis=1)]
    return np.array([[part.mean(), part.std()] for part in parts], dtype=np.float64).ravel()


def thumbnail(pixels: NDArray[Any], size: int, *, equalised: bool = False) -> FloatArray:
    """Return the image squashed to ``size`` x ``size``, ``(size * size,)``.

    Args:
        pixels: Grey values (H, W).
        size: Side of the thumbnail in pixels.
        equalised: Whether the histogram is equalised first, as for the network.
    """
    image = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))[None]
    if equalised:
        image = equalize_histogram(image)
    return resize_to_square(image, size).double().numpy().ravel()


def grey_histogram(pixels: NDArray[Any]) -> FloatArray:
    """Return the part of the pixels in each of 32 equal ranges of grey, ``(32,)``.

    Args:
        pixels: Grey values (H, W). The ranges divide 0 to 255 where the values are those of an
            8-bit file, otherwise lowest to highest value.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    counts, _ = np.histogram(pixels, BINS, (low, high) if high > low else (low, low + 1))
    return np.asarray(counts / pixels.size, dtype=np.float64)
