"""Reading a radiograph, and preparing it with lungs and text found, as two transforms."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import Compose, MapTransform
from numpy.typing import NDArray

from monai_covid.data.images import read_image
from monai_covid.preprocessing.grey_levels import (
    equalize_histogram,
    full_range,
    local_contrast,
    stretch_grey,
)
from monai_covid.preprocessing.lungs.find import finder_version
from monai_covid.preprocessing.normalise import GREY_MEAN
from monai_covid.preprocessing.region import BoolArray, Region, find_region
from monai_covid.preprocessing.resize import resize_smoothed, resize_to_square
from monai_covid.preprocessing.settings import FULL_RANGE, Preprocessing
from monai_covid.preprocessing.text.finder import check_text_extra
from monai_covid.preprocessing.text.remove import inpaint
from monai_covid.preprocessing.text.shared_finder import reader_version

PATH_KEY_SUFFIX = "_path"
BOX_SUFFIX, FALLBACK_SUFFIX = "_box", "_fallback"


class ReadRadiographd(MapTransform):
    """Replace the path of a radiograph by its grey values.

    ``sample[key]`` becomes a plain float32 tensor (1, H, W), see `read_image`; the path is kept as
    a string under ``key + "_path"``.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        """Take the keys that hold paths.

        Args:
            keys: Keys of the paths.
            allow_missing_keys: Whether samples without a key pass unchanged.
        """
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with the images read.

        Raises:
            ImageReadError: An image cannot be read or is not a radiograph.
        """
        sample = dict(data)
        for key in self.key_iterator(sample):
            path = Path(sample[key])
            sample[key] = torch.from_numpy(read_image(path))[None]
            sample[f"{key}{PATH_KEY_SUFFIX}"] = str(path)
        return sample


class PrepareRadiographd(MapTransform):
    """Find what is to be shown of each image, and apply `prepare_grey`.

    ``sample[key]`` (1, H, W) of any scale becomes (1, size, size) float32 in [0, 1]. What it shows
    of the image is kept as integers (top, bottom, first, last) under ``key + "_box"``, and why it
    is the whole image although lungs were to be found, as a text, under ``key + "_fallback"``.
    """

    def __init__(
        self,
        keys: KeysCollection,
        size: int,
        preprocessing: Preprocessing,
        allow_missing_keys: bool = False,
    ) -> None:
        """Take the keys, the size and the preprocessing.

        Args:
            keys: Keys of images.
            size: Side of the result in pixels, 1 or more.
            preprocessing: What is done.
            allow_missing_keys: Whether samples without a key pass unchanged.

        Raises:
            OptionError: If text is to be found and the packages of the extra ``audit`` are missing.
            ValueError: ``size`` is not positive.
        """
        super().__init__(keys, allow_missing_keys)
        if size < 1:
            raise ValueError(f"size is {size}; a positive number of pixels is needed")
        check_preprocessing(preprocessing)
        self.size = size
        self.preprocessing = preprocessing
        # What images on disk depend on besides the file: their key is made of plain attributes.
        self.options = tuple(preprocessing.fields().items())
        self.finders = _finders(preprocessing)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with prepared images, their boxes and fallbacks."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            pixels = sample[key][0].numpy()
            region = find_region(pixels, self.preprocessing)
            sample[key] = prepare_grey(pixels, self.size, self.preprocessing, region)
            sample[f"{key}{BOX_SUFFIX}"] = torch.tensor(region.box)
            sample[f"{key}{FALLBACK_SUFFIX}"] = region.fallback
        return sample


def prepare_grey(
    pixels: NDArray[Any], size: int, preprocessing: Preprocessing, region: Region
) -> torch.Tensor:
    """Return an image as a network sees it, but for the standardisation.

    Text is painted over, the box cut out, the histogram of what is visible equalised or stretched,
    the box squashed to a square, and its local contrast evened out if so chosen. What is
    not visible becomes the grey that the standardisation turns into 0.

    Args:
        pixels: Grey values (H, W), larger is brighter, any scale.
        size: Side of the result in pixels.
        preprocessing: What the network was trained with.
        region: What is shown, see `find_region`.

    Returns:
        (1, size, size) float32 in [0, 1].
    """
    if region.text is not None:
        pixels = inpaint(pixels, region.text)
    top, bottom, first, last = region.box
    inner = np.ascontiguousarray(pixels[top:bottom, first:last], dtype=np.float32)
    visible = region.visible
    spread = _SPREADING.get(preprocessing.grey, equalize_histogram)
    if visible is None:
        resize = resize_smoothed if preprocessing.resizing == "gaussian" else resize_to_square
        square = resize(spread(torch.from_numpy(inner)[None]), size)
        return local_contrast(square) if preprocessing.grey == "local" else square
    square = resize_to_square(_spread_where(inner, visible, spread), size)
    if preprocessing.grey != "local":
        return square
    seen = resize_to_square(torch.from_numpy(visible.astype(np.float32))[None], size)
    return torch.where(seen > 0.5, local_contrast(square), torch.tensor(GREY_MEAN))


_SPREADING = {"stretch": stretch_grey, FULL_RANGE: full_range}


def _spread_where(
    inner: NDArray[np.float32],
    visible: BoolArray,
    spread: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Return (1, h, w): spread by what is visible alone, so that what is hidden changes none."""
    result = np.full(inner.shape, GREY_MEAN, dtype=np.float32)
    result[visible] = spread(torch.from_numpy(inner[visible])[None])[0].numpy()
    return torch.from_numpy(result)[None]


def check_preprocessing(preprocessing: Preprocessing) -> None:
    """Make sure that what a preprocessing needs is installed.

    Raises:
        OptionError: If something is missing; the message says how to install it.
    """
    if preprocessing.text == "inpaint":
        check_text_extra()


def looks_for_lungs(chain: Compose) -> bool:
    """Tell whether a chain of transforms records where no lungs were found."""
    steps = (step for step in chain.transforms if isinstance(step, PrepareRadiographd))
    return any(step.preprocessing.lungs != "whole" for step in steps)


def _finders(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return the versions of what finds lungs and text."""
    versions = []
    if preprocessing.lungs != "whole":
        versions.append(finder_version())
    if preprocessing.text == "inpaint":
        versions.append(reader_version())
    return tuple(versions)
