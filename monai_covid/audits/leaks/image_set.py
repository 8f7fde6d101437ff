"""All images of a collection as equalised thumbnails in any orientation, with digests of files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.resize import resize_to_square

SIDE = 96
"""Pixels; 20,000 thumbnails then take 184 MB."""

ORIENTATIONS = (
    "upright",
    "rotated by 90°",
    "rotated by 180°",
    "rotated by 270°",
    "mirrored",
    "mirrored, rotated by 90°",
    "upside down",
    "mirrored, rotated by 270°",
)
"""What ``oriented`` does, by number; rotations are counterclockwise and follow the mirroring."""

MIRRORED = 4


class ImageSet(NamedTuple):
    """N images.

    Attributes:
        thumbnails: ``(N, 96, 96)`` uint8, equalised and squashed to a square.
        files: N digests of the files' bytes.
        pixels: N digests of the grey values and their arrangement.
    """

    thumbnails: NDArray[np.uint8]
    files: list[bytes]
    pixels: list[bytes]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.files)


def read_image_set(records: Records, *, progress: bool = False) -> ImageSet:
    """Read every image once.

    Args:
        records: The images.
        progress: Whether a progress bar is shown.

    Raises:
        InputError: If images cannot be read; names all of them with their lines.
    """
    thumbnails = np.zeros((len(records), SIDE, SIDE), dtype=np.uint8)
    files, pixels, problems = [], [], []
    paths = tqdm(records.paths.tolist(), "Thumbnails", unit="image", disable=not progress)
    for row, path in enumerate(paths):
        try:
            grey = read_image(path)
            files.append(_digest(Path(path).read_bytes()))
        except (ImageReadError, OSError) as error:
            problems.append(Problem(records.file, int(records.frame.index[row]), str(error)))
            continue
        pixels.append(_digest(str(grey.shape).encode() + grey.tobytes()))
        thumbnails[row] = thumbnail(grey)
    if problems:
        raise InputError(problems)
    return ImageSet(thumbnails, files, pixels)


def thumbnail(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the equalised thumbnail ``(96, 96)`` of grey values ``(H, W)``.

    Equalising undoes brightness, contrast and gamma; squashing undoes a change of shape.
    """
    equal = equalize_histogram(torch.from_numpy(np.ascontiguousarray(grey))[None])
    small = resize_to_square(equal, SIDE)[0].numpy()
    levels: NDArray[np.uint8] = np.rint(255 * small).astype(np.uint8)
    return levels


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def oriented(images: NDArray[Any], number: int) -> NDArray[Any]:
    """Return ``(..., S, S)`` in the orientation ``number`` of ``ORIENTATIONS``."""
    mirrored = images[..., ::-1] if number >= MIRRORED else images
    return np.rot90(mirrored, number % MIRRORED, axes=(-2, -1))
