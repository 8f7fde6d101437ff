"""What may be given for an image: a path, an array, a PIL image or a pydicom data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from monai_covid.data.image_formats import detect_format
from monai_covid.data.images import read_image
from monai_covid.data.pictures import picture_grey
from monai_covid.dicom.eligibility.reasons import stated_otherwise
from monai_covid.dicom.image_size import size_problem
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixel_checks import header_cautions
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError

Pixels = NDArray[np.float32]
"""Grey values (H, W), larger is brighter, any scale."""

ImageSource: TypeAlias = str | os.PathLike[str] | NDArray[Any] | Image.Image | Dataset

GIVEN = "a path, a grey array (H, W), a PIL image or a pydicom Dataset"

_GREY_KINDS = "uif"
"""Kinds of NumPy types that hold grey values: integers of either sign, and floating point."""


class GreyImage(NamedTuple):
    """Grey values as they were read.

    Attributes:
        pixels: ``(H, W)`` float32, larger is brighter.
        stated: What a DICOM header says against an upright frontal chest radiograph, such as a
            lateral View Position; empty for other formats.
        cautions: What a reader should know of a DICOM header, such as a window that is left out.
    """

    pixels: Pixels
    stated: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def check_source(source: object) -> ImageSource:
    """Return ``source`` if it is one image.

    Raises:
        TypeError: If it is something else; names its type and what would be right.
    """
    if isinstance(source, str | os.PathLike | np.ndarray | Image.Image | Dataset):
        return source
    hint = ""
    if isinstance(source, list | tuple):
        hint = "; give one image at a time"
    elif hasattr(source, "__array__"):
        hint = "; numpy.asarray makes an array of it (rows downwards, columns to the right)"
    raise TypeError(f"an image is {GIVEN}, not {type(source).__name__}{hint}")


def sources_of(given: object) -> list[ImageSource]:
    """Return the images of a list or tuple.

    Raises:
        TypeError: If it is none, such as a single path, or holds something that is no image.
    """
    if not isinstance(given, list | tuple):
        one = isinstance(given, str | os.PathLike | np.ndarray | Image.Image | Dataset)
        hint = "; put the one image into a list" if one else "; list(…) makes one"
        raise TypeError(f"several images are a list or tuple, not {type(given).__name__}{hint}")
    return [check_source(source) for source in given]


def name_of(source: ImageSource) -> str:
    """Return what an image is called in tables and messages."""
    if isinstance(source, np.ndarray):
        return f"array {'x'.join(map(str, source.shape))}"
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "")) or f"picture {source.width}x{source.height}"
    if isinstance(source, Dataset):
        return str(getattr(source, "filename", None) or "DICOM instance")
    return os.fspath(source)


def read_source(source: ImageSource, trust_photometric: bool = False) -> GreyImage:
    """Return the grey values of an image.

    Files: see `read_image`; data sets: `read_radiograph`; PIL images: as a file of theirs. An array
    is taken as it is: two-dimensional, of any integer or floating-point type and scale, larger is
    brighter; colour and stacks are refused, because an array does not say what its axes mean.

    Args:
        source: The image.
        trust_photometric: As for `read_radiograph`.

    Raises:
        ImageReadError: If it cannot be read or is no radiograph; names the image.
    """
    if isinstance(source, Dataset):
        return _of_dataset(source, trust_photometric)
    if isinstance(source, Image.Image):
        return GreyImage(picture_grey(source, name_of(source)))
    if isinstance(source, np.ndarray):
        return GreyImage(_of_array(source))
    path = Path(source)
    if _is_dicom(path):
        return _of_dataset(read_header(path), trust_photometric)
    return GreyImage(read_image(path))


def _is_dicom(path: Path) -> bool:
    try:
        return path.is_file() and detect_format(path) == "dicom"
    except (OSError, ValueError):
        return False  # the reader says what is wrong


def _of_dataset(dataset: Dataset, trust_photometric: bool) -> GreyImage:
    stated = tuple(f"{reason}." for reason in stated_otherwise(dataset))
    pixels = read_radiograph(dataset, trust_photometric)
    return GreyImage(pixels, stated, tuple(header_cautions(dataset)))


def _of_array(array: NDArray[Any]) -> Pixels:
    problem = _array_problem(array)
    if problem:
        raise ImageReadError(f"{name_of(array)}: {problem}")
    return np.ascontiguousarray(array, dtype=np.float32)


def _array_problem(array: NDArray[Any]) -> str | None:
    if array.dtype.kind not in _GREY_KINDS:
        return f"its type is {array.dtype}; integers or floating-point grey values are needed"
    if array.ndim != 2:
        return (
            f"has {array.ndim} dimensions; one grey image (H, W) is needed. Colour: "
            "PIL.Image.fromarray makes a picture, which is read; several images: give a list"
        )
    if not np.isfinite(array).all():
        return "holds NaN or infinite grey values; finite ones are needed"
    return size_problem(*array.shape)
