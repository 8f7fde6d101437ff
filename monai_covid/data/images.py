"""Reading one radiograph from a file of any supported format, and finding such files."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.image_formats import IMAGE_SUFFIXES, detect_format, has_image_suffix
from monai_covid.data.nifti import read_nifti
from monai_covid.data.pictures import read_picture
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError, InputError, Problem

logger = logging.getLogger(__name__)

__all__ = ["IMAGE_SUFFIXES", "find_images", "read_image"]

_READERS: dict[str, Callable[[Path], NDArray[np.float32]]] = {
    "picture": read_picture,
    "dicom": read_radiograph,
    "nifti": read_nifti,
}
_READ = "PNG, JPEG, BMP, TIFF, DICOM (with 'DICM' at byte 128) and NIfTI-1/2 are read"
_OTHER_SUFFIXES = frozenset(
    {
        *(".gif", ".webp", ".jp2", ".j2k", ".jxl", ".heic", ".avif", ".svg", ".pdf"),
        *(".npy", ".npz", ".mat", ".mha", ".mhd", ".nrrd", ".raw", ".img", ".hdr"),
        *(".zip", ".7z", ".rar", ".tar", ".gz"),
    }
)
"""Of files that may hold radiographs and are not read."""

_DICOM_DIRECTORY_NAME = "DICOMDIR"


def read_image(path: Path | str) -> NDArray[np.float32]:
    """Return the grey values of the radiograph in ``path``.

    The content decides how the file is read, not its name. Pictures: see `read_picture`; DICOM:
    `read_radiograph`; NIfTI and its orientation: `read_nifti`.

    Args:
        path: PNG, JPEG, BMP, TIFF, DICOM or NIfTI file with one image.

    Returns:
        Grey values (H, W), rows downwards, columns to the right, larger is brighter, on the scale
        of the file (an 8-bit file gives 0 to 255).

    Raises:
        ImageReadError: The file is missing, empty, damaged, of another format, or holds something
            else than one radiograph of 32 x 32 pixels or more.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise ImageReadError(f"{path}: is a folder; an image file is needed")
        if path.stat().st_size == 0:
            raise ImageReadError(f"{path}: is empty (0 bytes)")
        kind = detect_format(path)
    except OSError as error:
        raise ImageReadError(f"{path}: cannot be opened: {error.strerror}") from error
    if kind is None:
        raise ImageReadError(f"{path}: {_unknown_content(path)}")
    return _READERS[kind](path)


class FolderContent(NamedTuple):
    """What a search of a folder found.

    Attributes:
        images: Image files, sorted by path.
        left_out: Image files of formats that are not read, sorted by path.
    """

    images: list[Path]
    left_out: list[Path]

    def notes(self) -> list[str]:
        """Say in a line for each kind of file what is left out."""
        kinds: dict[str, list[Path]] = {}
        for path in self.left_out:
            kinds.setdefault(path.suffix.lower(), []).append(path)
        return [
            f"{len(files)} {suffix} file{'s' if len(files) > 1 else ''} left out, the first of "
            f"them {files[0]}: {_READ}"
            for suffix, files in sorted(kinds.items())
        ]


def find_images(folder: Path | str) -> list[Path]:
    """Return the image files in ``folder`` and below it, sorted by path.

    A file counts when its suffix is in `IMAGE_SUFFIXES` or, under any other name, when it starts
    like a DICOM file. Hidden files and folders and DICOMDIR are skipped; links to folders are not
    followed.

    Args:
        folder: Folder to search.

    Raises:
        ImageReadError: ``folder`` is not a folder.
    """
    return search_folder(folder).images


def search_folder(folder: Path | str) -> FolderContent:
    """Return what `find_images` finds, and the image files that it leaves out.

    Args:
        folder: Folder to search.

    Raises:
        ImageReadError: ``folder`` is not a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageReadError(f"{folder}: is not a folder")
    content = FolderContent([], [])
    for parent, children, names in os.walk(folder):
        children[:] = [child for child in children if not child.startswith(".")]
        for path in (Path(parent, name) for name in names):
            if _is_image(path):
                content.images.append(path)
            elif path.suffix.lower() in _OTHER_SUFFIXES and not path.name.startswith("."):
                content.left_out.append(path)
    content.images.sort()
    content.left_out.sort()
    return content


def _is_image(path: Path) -> bool:
    if path.name.startswith(".") or path.name == _DICOM_DIRECTORY_NAME or not path.is_file():
        return False
    return has_image_suffix(path) or detect_format(path) == "dicom"


def _unknown_content(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    advice = _READ
    if not any(start):
        advice = f"it may be a DICOM file that is cut off or overwritten; {advice}"
    if has_image_suffix(path):
        return f"its content does not fit its name: it starts with {start!r}; {advice}"
    return f"has an unknown format, it starts with {start!r}; {advice}"


def datalist_of(paths: Sequence[Path | str]) -> list[dict[str, str]]:
    """Return several files and the images below several folders as one datalist.

    Images of a single folder are named by their path from that folder on, all others by their path
    as it is given. A file that is given twice is taken once.

    Raises:
        InputError: Naming every path that does not exist or holds no image.
    """
    items: list[dict[str, str]] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            listed = folder_datalist(path)
        except InputError as error:
            problems += error.problems
            continue
        is_alone = len(paths) == 1 and Path(path).is_dir()
        items += listed if is_alone else [{**item, "name": item["image"]} for item in listed]
    if problems:
        raise InputError(problems)
    return list({Path(item["image"]).resolve(): item for item in items}.values())


def folder_datalist(folder: Path | str) -> list[dict[str, str]]:
    """Return the images below ``folder`` (PNG, JPEG, DICOM, NIfTI and others) as a datalist.

    A single file may be given instead of a folder.

    Returns:
        Items with ``image`` (path) and ``name`` (path relative to the folder).

    Raises:
        InputError: If there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if folder.is_file():
        return [{"image": str(folder), "name": folder.name}]
    if not folder.is_dir():
        raise InputError([Problem(folder, None, "no such file or folder")])
    images, left_out = content = search_folder(folder)
    if not images:
        notes = "".join(f"; {note}" for note in content.notes())
        message = f"no images found (PNG, JPEG, DICOM, NIfTI, …){notes}"
        raise InputError([Problem(folder, None, message)])
    for note in content.notes() if left_out else ():
        logger.warning("%s: %s", folder, note)
    return [{"image": str(path), "name": str(path.relative_to(folder))} for path in images]
