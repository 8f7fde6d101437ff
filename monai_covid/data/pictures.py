"""Grey values of PNG, JPEG, BMP and TIFF files."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from monai_covid.data.deep_colour import deep_grey, has_deep_channels
from monai_covid.data.image_formats import PICTURE_FORMATS
from monai_covid.dicom.image_size import size_problem
from monai_covid.errors import ImageReadError

_DEEP_GREY_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_CONVERTIBLE_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_TIFF_PHOTOMETRIC_TAG = 262
_TIFF_WHITE_IS_ZERO = 0
_TIFF_SAMPLE_FORMAT_TAG = 339
_TIFF_UNSIGNED, _TIFF_SIGNED = 1, 2


def read_picture(path: Path) -> NDArray[np.float32]:
    """Return the grey values of a PNG, JPEG, BMP or TIFF file.

    Colour becomes ITU-R 601 luma (rounded to whole grey values, as Pillow does), transparency is
    laid over black, the EXIF orientation is applied. Values of more than 8 bits per channel stay as
    they are.

    Args:
        path: File with a single picture.

    Returns:
        Grey values (H, W), larger is brighter.

    Raises:
        ImageReadError: Damaged or truncated, more than one page or frame, a colour space that has
            no grey equivalent here, too small, too large, or not finite.
    """
    try:
        # Through an open file: from a path Pillow maps uncompressed TIFF into memory, and then
        # scrambles those with orientation 5 to 8.
        with path.open("rb") as file, Image.open(file, formats=PICTURE_FORMATS) as image:
            _check(image, path)
            return _deep_grey(path) if has_deep_channels(image) else _upright_grey(image, path)
    except ImageReadError:
        raise
    except UnidentifiedImageError as error:
        raise ImageReadError(
            f"{path}: starts like a picture, but its header is damaged or states pixels of a kind "
            "that is not read"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageReadError(f"{path}: is far too large: {error}") from error
    # Pillow's plugins raise OSError, SyntaxError, struct.error and others for damaged files.
    except Exception as error:
        state = "it is cut off" if "truncated" in str(error) else "it is probably damaged"
        raise ImageReadError(f"{path}: cannot be decoded, {state}: {error}") from error


def picture_grey(image: Image.Image, name: str) -> NDArray[np.float32]:
    """Return the grey values of a picture that Pillow has opened; see `read_picture`.

    Args:
        image: The picture.
        name: What messages call it.

    Raises:
        ImageReadError: As `read_picture`; also for colour of more than 8 bits per channel, of which
            Pillow keeps 8.
    """
    try:
        _check(image, name)
        if has_deep_channels(image):
            raise ImageReadError(
                f"{name}: has colour of more than 8 bits per channel, of which Pillow keeps 8; "
                "give the path of its file, which is read whole"
            )
        return _upright_grey(image, name)
    except ImageReadError:
        raise
    # Pillow decodes when pixels are asked for, and fails in any way where a file is damaged.
    except Exception as error:
        raise ImageReadError(f"{name}: cannot be decoded, probably damaged: {error}") from error


def _upright_grey(image: Image.Image, name: Path | str) -> NDArray[np.float32]:
    grey = _grey(ImageOps.exif_transpose(image), _sample_format(image))
    if _is_white_zero(image):
        grey = grey.max() + grey.min() - grey
    if not np.isfinite(grey).all():
        raise ImageReadError(f"{name}: holds NaN or infinite grey values; finite ones are needed")
    return grey


def _deep_grey(path: Path) -> NDArray[np.float32]:
    with ExitStack() as files:

        def open_again() -> ImageFile.ImageFile:
            file = files.enter_context(path.open("rb"))
            return files.enter_context(Image.open(file, formats=PICTURE_FORMATS))

        try:
            return deep_grey(open_again)
        except ValueError as error:
            raise ImageReadError(f"{path}: {error}") from error


def _check(image: Image.Image, path: Path | str) -> None:
    problem = size_problem(image.height, image.width)
    if problem:
        raise ImageReadError(f"{path}: {problem}")
    pages = getattr(image, "n_frames", 1)
    if pages != 1:
        raise ImageReadError(f"{path}: has {pages} pages or frames; exactly 1 is read")
    if image.mode not in (*_DEEP_GREY_MODES, *_CONVERTIBLE_MODES):
        raise ImageReadError(f"{path}: has colour mode {image.mode!r}; grey or RGB is read")
    if image.mode == "L" and _sample_format(image) == _TIFF_SIGNED:
        raise ImageReadError(f"{path}: has signed values of 8 bits; unsigned ones are read")


def _grey(image: Image.Image, sample_format: int | None) -> NDArray[np.float32]:
    if image.mode in _DEEP_GREY_MODES:
        stored = np.asarray(image)
        if sample_format == _TIFF_UNSIGNED and stored.dtype == np.int32:
            stored = stored.view(np.uint32)
        grey = stored.astype(np.float32)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            grey[grey == transparent] = 0
        return grey
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        black = Image.new("RGBA", colours.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, colours)
    if image.mode not in ("1", "L"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L")).astype(np.float32)


def _sample_format(image: Image.Image) -> int | None:
    """Return the first SampleFormat of a TIFF file, which Pillow does not heed at 8 and 32 bits."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else int(tags.get(_TIFF_SAMPLE_FORMAT_TAG, (_TIFF_UNSIGNED,))[0])


def _is_white_zero(image: Image.Image) -> bool:
    """Say whether a deep grey TIFF stores white as 0; Pillow inverts only up to 8 bits itself."""
    tags = getattr(image, "tag_v2", {})
    return image.mode in _DEEP_GREY_MODES and tags.get(_TIFF_PHOTOMETRIC_TAG) == _TIFF_WHITE_IS_ZERO
