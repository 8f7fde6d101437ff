"""Recognising image files by their first bytes, since DICOM files often have no suffix."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Literal

from monai_covid.dicom.reading.header import starts_like_dicom

ImageFormat = Literal["picture", "dicom", "nifti"]

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"),
    *(".dcm", ".dicom"),
    *(".nii", ".nii.gz"),
)
"""Suffixes of the files that `read_image` reads, in lower case."""

PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")

_HEAD_BYTES = 352
_GZIP_START = b"\x1f\x8b"
_PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*")


def without_suffix(name: str) -> str:
    """Return a file name without the suffix of an image; other endings stay.

    ``.nii.gz`` is one suffix, and names of DICOM files may end in a number, which is none.
    """
    for suffix in sorted(IMAGE_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def detect_format(path: Path) -> ImageFormat | None:
    """Return the format of the file at ``path`` by its content; None when it is none of ours.

    Args:
        path: Existing file, of any name.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_GZIP_START):
        return "nifti" if _is_nifti(_unzipped_head(path)) else None
    # First DICOM: its preamble may hold the start of a TIFF file (PS3.10 section 7.1).
    if starts_like_dicom(head[:132]):
        return "dicom"
    if _is_nifti(head):
        return "nifti"
    return "picture" if head.startswith(_PICTURE_STARTS) else None


def has_image_suffix(path: Path) -> bool:
    """Say whether the name of ``path`` ends in one of `IMAGE_SUFFIXES`, in any case."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def _is_nifti(head: bytes) -> bool:
    return head[344:348] == b"n+1\x00" or head[4:8] == b"n+2\x00"


def _unzipped_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""
