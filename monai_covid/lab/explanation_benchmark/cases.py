"""Images to explain, with what is known about them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from monai_covid.data.image_formats import without_suffix
from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.explain.pictures.grid import scaled_box
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import Prepared, prepare_pixels
from monai_covid.preprocessing.region import Box, mask_in_input

logger = logging.getLogger(__name__)

LESION, TEXT = "lesion", "text"
LARGEST_DISTORTION = 0.02
"""Relative difference of the proportions of an image and its mask that rounding explains."""

WITH_LESION = ("covid19", "pneumonia")
"""A healthy chest has no lesion to be found."""


class Cases(NamedTuple):
    """Images with the truth about them.

    Attributes:
        names: Of the images, no two alike.
        images: ``(N, C, S, S)``, ready for the network.
        labels: Index of the true class, ``(N,)``; -1 where it is not known.
        masks: Where something is, by its name: ``(N, S, S)`` boolean.
    """

    names: tuple[str, ...]
    images: Tensor
    labels: Tensor
    masks: Mapping[str, Tensor]

    def where(self, chosen: Tensor) -> Cases:
        """Return the cases for which ``chosen`` (N,) is True."""
        names = tuple(name for name, keep in zip(self.names, chosen.tolist(), strict=True) if keep)
        masks = {name: mask[chosen] for name, mask in self.masks.items()}
        return Cases(names, self.images[chosen], self.labels[chosen], masks)


def phantom_cases(
    info: ModelInfo, options: PhantomOptions, per_class: int, seed: int, **changed: Any
) -> Cases:
    """Return synthetic radiographs with a lesion, and where lesions and letters are.

    Args:
        info: What the network is; images are made in the size of its input.
        options: Settings of the generator, but for the size.
        per_class: Images of each class that has lesions.
        seed: Seed; the same seed gives the same patients whatever the options.
        changed: Settings to change in ``options``.
    """
    settings = PhantomOptions(**{**vars(options), **changed, "size": info.image_size})
    radiographs = [
        generate_covid_case(seed, index * len(WITH_LESION) + position, label, settings)
        for index in range(per_class)
        for position, label in enumerate(WITH_LESION)
    ]
    prepared = [_prepared(info, radiograph.pixels) for radiograph in radiographs]
    masks = {
        kind: torch.stack(
            [
                mask_in_input(mask, info.image_size, view.region.box)
                for mask, view in zip(kind_masks, prepared, strict=True)
            ]
        )
        for kind, kind_masks in (
            (LESION, [radiograph.lesion_mask for radiograph in radiographs]),
            (TEXT, [radiograph.text_mask for radiograph in radiographs]),
        )
    }
    return Cases(
        names=tuple(f"{number:04d}" for number in range(len(radiographs))),
        images=torch.stack([view.image for view in prepared]),
        labels=torch.tensor([COVID_LABELS.index(radiograph.label) for radiograph in radiographs]),
        masks=masks,
    )


def cases_of_files(
    info: ModelInfo, paths: Sequence[Path | str], masks: Path | str | None = None
) -> Cases:
    """Return image files, with masks where there are some.

    Args:
        info: What the network is.
        paths: Image files.
        masks: Folder of ``STEM_lesion.png`` and ``STEM_text.png``, as the phantom has them:
            pictures of the image's proportions, bright where something is. An image without a file
            counts as one without lesion or text.

    Raises:
        ImageReadError: If a mask cannot be read.
        InputError: If images cannot be read, no image has a mask in ``masks``, two images have the
            same one, or one has other proportions than its image.
    """
    prepared = _read(info, paths)
    images = torch.stack([view.image for view in prepared])
    boxes = [view.region.box for view in prepared]
    unknown = torch.full((len(images),), -1)
    known_masks = {} if masks is None else _masks(Path(masks), paths, info.image_size, boxes)
    return Cases(tuple(str(path) for path in paths), images, unknown, known_masks)


def _prepared(info: ModelInfo, pixels: NDArray[Any]) -> Prepared:
    return prepare_pixels(pixels, info.image_size, info.channels, info.preprocessing)


def _read(info: ModelInfo, paths: Sequence[Path | str]) -> list[Prepared]:
    images, problems = [], []
    for path in paths:
        try:
            images.append(_prepared(info, read_image(path)))
        except ImageReadError as error:
            problems.append(Problem(path, None, str(error).removeprefix(f"{path}: ")))
    if problems:
        raise InputError(problems)
    return images


def _masks(
    folder: Path, paths: Sequence[Path | str], size: int, boxes: Sequence[Box]
) -> dict[str, Tensor]:
    """Return masks of ``(N, size, size)`` by kind; kinds without any file are left out."""
    stems = [without_suffix(Path(path).name) for path in paths]
    files = {kind: [folder / f"{stem}_{kind}.png" for stem in stems] for kind in (LESION, TEXT)}
    counts = {
        kind: sum(file.is_file() for file in candidates) for kind, candidates in files.items()
    }
    twice = [stem for stem, count in Counter(stems).items() if count > 1]
    problems = [
        Problem(folder, None, f"{stem}_*.png would be the masks of several images; rename them")
        for stem in twice
    ]
    if not any(counts.values()):
        example = files[LESION][0].name
        problems.append(Problem(folder, None, f"no masks of the images found, as {example}"))
    masks = {
        kind: [
            _mask((file, path), size, box, problems)
            for file, path, box in zip(candidates, paths, boxes, strict=True)
        ]
        for kind, candidates in files.items()
        if counts[kind]
    }
    if problems:
        raise InputError(problems)
    for kind, count in counts.items():
        logger.info("%d of %d images have a mask of kind %s", count, len(paths), kind)
    return {kind: torch.stack(kind_masks) for kind, kind_masks in masks.items()}


def _mask(files: tuple[Path, Path | str], size: int, box: Box, problems: list[Problem]) -> Tensor:
    """Return a mask ``(size, size)``; True where the file is brighter than half its range."""
    file, image = files
    if not file.is_file():
        return torch.zeros(size, size, dtype=torch.bool)
    values = read_image(file)
    (rows, columns), (height, width) = values.shape, read_image(image).shape
    if abs(rows * width - columns * height) > LARGEST_DISTORTION * columns * height:
        message = (
            f"is {columns} x {rows} pixels, its image {width} x {height}; masks have the "
            "proportions of their image"
        )
        problems.append(Problem(file, None, message))
    bright = values > values.max() / 2
    return mask_in_input(bright, size, scaled_box(box, (height, width), (rows, columns)))
