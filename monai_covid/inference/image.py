"""An image on its way into the network: decoded once, and asked once whether it is suitable."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from monai_covid.errors import ImageReadError
from monai_covid.inference.sources import ImageSource, Pixels, name_of, read_source
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import prepare_pixels
from monai_covid.preprocessing.prepare import check_preprocessing
from monai_covid.preprocessing.region import Box
from monai_covid.preprocessing.suitability import assess as suitability

PICTURE_SIDE = 1024
"""Longer side in pixels of a radiograph that is kept for a picture."""


@dataclass(frozen=True, eq=False)
class Radiograph:
    """An image that was read, or why it could not be.

    Attributes:
        name: What it is called in tables and messages.
        pixels: Grey values ``(H, W)`` float32, larger is brighter; None after an error, or once
            they are not needed any more.
        shape: H and W of the image; 0 after an error.
        file: Path of its file; empty where there is none.
        error: Why it could not be read; empty if it could.
        unsuitable: Why it is no upright frontal chest radiograph, in plain words; empty if it is,
            or was not asked.
        cautions: What a reader should know besides, in plain words.
    """

    name: str
    pixels: Pixels | None
    shape: tuple[int, int] = (0, 0)
    file: str = ""
    error: str = ""
    unsuitable: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def without_pixels(self) -> Radiograph:
        """Return what is known of the image, without the memory that its pixels take."""
        return replace(self, pixels=None)

    def reduced(self) -> Radiograph:
        """Return the image with at most ``PICTURE_SIDE`` pixels along its longer side."""
        return self if self.pixels is None else replace(self, pixels=reduced(self.pixels))


def reduced(pixels: Pixels) -> Pixels:
    """Return grey values with at most ``PICTURE_SIDE`` pixels along the longer side."""
    if max(pixels.shape) <= PICTURE_SIDE:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)


def radiograph_of(
    pixels: Pixels,
    name: str,
    *,
    file: str = "",
    stated: tuple[str, ...] = (),
    cautions: Sequence[str] = (),
    assess: bool = True,
) -> Radiograph:
    """Return an image whose grey values were read already.

    Args:
        pixels: ``(H, W)``, finite, larger is brighter.
        name: What it is called.
        file: Path of its file.
        stated: What its header says against an upright frontal chest radiograph.
        cautions: What else is to know of its header.
        assess: Whether it is asked if the image is one.
    """
    shape = (pixels.shape[0], pixels.shape[1])
    if not assess:
        return Radiograph(name, pixels, shape, file, cautions=tuple(cautions))
    judgement = suitability.assess(pixels)
    unsuitable = (*stated, *judgement.reasons)
    cautions = (*cautions, *judgement.cautions)
    return Radiograph(name, pixels, shape, file, "", unsuitable, cautions)


def open_radiograph(
    source: ImageSource,
    name: str = "",
    *,
    assess: bool = True,
    trust_photometric: bool = False,
) -> Radiograph:
    """Read an image; one that cannot be read has an ``error``.

    Args:
        source: See `read_source`.
        name: What it is called; by default its path.
        assess: Whether it is asked if it is an upright frontal chest radiograph.
        trust_photometric: As for `read_source`.
    """
    name = name or name_of(source)
    file = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    try:
        grey = read_source(source, trust_photometric)
    except ImageReadError as error:
        return Radiograph(name, None, file=file, error=str(error))
    return radiograph_of(
        grey.pixels, name, file=file, stated=grey.stated, cautions=grey.cautions, assess=assess
    )


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """An image as the network takes it, with what is known of it.

    Attributes:
        radiograph: What it was made of.
        tensor: ``(C, S, S)`` float32; None where the network is not to answer.
        visible_region: Top and bottom row, first and last column of the part of the image that the
            network sees (bottom and last are not in it); None: all of it.
    """

    radiograph: Radiograph
    tensor: Tensor | None = None
    visible_region: Box | None = None


class ImagePreparation:
    """Makes network inputs of images.

    Args:
        info: What the network is.
        assess: Whether it is asked if each image is an upright frontal chest radiograph.
        keep_unsuitable: Whether the network answers of those, too, that are not.
        trust_photometric: As for `read_source`.

    Raises:
        OptionError: If the preprocessing needs packages that are missing.
    """

    def __init__(
        self,
        info: ModelInfo,
        *,
        assess: bool = True,
        keep_unsuitable: bool = False,
        trust_photometric: bool = False,
    ) -> None:
        """Make sure that the preprocessing can be done."""
        check_preprocessing(info.preprocessing)
        self.info = info
        self.assess = assess
        self.keep_unsuitable = keep_unsuitable
        self.trust_photometric = trust_photometric

    def __call__(self, source: ImageSource, name: str = "") -> PreparedImage:
        """Read and prepare an image; see `open_radiograph`."""
        return self.prepare(
            open_radiograph(
                source, name, assess=self.assess, trust_photometric=self.trust_photometric
            )
        )

    def prepare(self, radiograph: Radiograph) -> PreparedImage:
        """Prepare an image that was read."""
        if radiograph.pixels is None or (radiograph.unsuitable and not self.keep_unsuitable):
            return PreparedImage(radiograph)
        info = self.info
        tensor, region = prepare_pixels(
            radiograph.pixels, info.image_size, info.channels, info.preprocessing
        )
        if region.fallback:
            caution = (
                f"The lungs were not found ({region.fallback}); the network saw the whole image."
            )
            radiograph = replace(radiograph, cautions=(*radiograph.cautions, caution))
        is_whole = region.box == (0, radiograph.shape[0], 0, radiograph.shape[1])
        return PreparedImage(radiograph, tensor, None if is_whole else region.box)


class ImageFileDataset(Dataset[PreparedImage]):
    """Image files, each read and prepared when it is asked for.

    Args:
        data: Items with ``image`` (path) and ``name``.
        transform: How.
        pictures: Whether grey values are kept, reduced, to draw heatmaps on.
    """

    def __init__(
        self,
        data: Sequence[Mapping[str, Any]],
        transform: ImagePreparation,
        pictures: bool = False,
    ) -> None:
        """Note what to read."""
        self.data = list(data)
        self.transform = transform
        self.pictures = pictures

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.data)

    def __getitem__(self, index: int) -> PreparedImage:
        """Return an image; what cannot be read, or is unsuitable, has no tensor."""
        item = self.data[index]
        image = self.transform(item["image"], item["name"])
        known = image.radiograph
        return replace(
            image, radiograph=known.reduced() if self.pictures else known.without_pixels()
        )

    def collate(self, images: Sequence[PreparedImage]) -> dict[str, Any]:
        """Return a batch for MONAI's engines, as ``collate_fn`` of a loader.

        Returns:
            ``image``: ``(B, C, S, S)``, black where there is no tensor; ``prepared``: the images.
        """
        info = self.transform.info
        black = torch.zeros(info.channels, info.image_size, info.image_size)
        batch = torch.stack([black if each.tensor is None else each.tensor for each in images])
        return {"image": batch, "prepared": list(images)}
