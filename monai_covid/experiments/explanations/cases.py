"""Images to explain, with what is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from monai_covid.checkpoints import ModelInfo
from monai_covid.data.images import read_image
from monai_covid.data.phantom import PhantomOptions
from monai_covid.data.phantom.generate import generate_covid_case
from monai_covid.errors import InputError, Problem
from monai_covid.labels import COVID_LABELS
from monai_covid.transforms import preprocess_file, preprocess_pixels, resize_to_square

LESION, TEXT = "lesion", "text"

WITH_LESION = ("covid19", "pneumonia")
"""A healthy chest has no lesion to be found."""


class Cases(NamedTuple):
    """Images with the truth about them.

    Attributes:
        names: Of the images, each of another patient.
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
    made = [
        generate_covid_case(seed, index * len(WITH_LESION) + position, label, settings)
        for index in range(per_class)
        for position, label in enumerate(WITH_LESION)
    ]
    images = [preprocess_pixels(each.pixels, info.image_size, info.channels) for each in made]
    masks = {
        LESION: np.stack([each.lesion_mask for each in made]),
        TEXT: np.stack([each.text_mask for each in made]),
    }
    return Cases(
        names=tuple(f"{number:04d}" for number in range(len(made))),
        images=torch.stack(images),
        labels=torch.tensor([COVID_LABELS.index(each.label) for each in made]),
        masks={name: torch.from_numpy(mask) for name, mask in masks.items()},
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
        ImageReadError: If an image or a mask cannot be read.
        InputError: If no image has a mask in ``masks``.
    """
    images = [preprocess_file(path, info.image_size, info.channels) for path in paths]
    unknown = torch.full((len(images),), -1)
    found = {} if masks is None else _masks(Path(masks), paths, info.image_size)
    return Cases(tuple(str(path) for path in paths), torch.stack(images), unknown, found)


def _masks(folder: Path, paths: Sequence[Path | str], size: int) -> dict[str, Tensor]:
    """Return masks of ``(N, size, size)`` by kind; kinds without any file are left out."""
    stems = [Path(path).stem for path in paths]
    files = {kind: [folder / f"{stem}_{kind}.png" for stem in stems] for kind in (LESION, TEXT)}
    known = {kind: some for kind, some in files.items() if any(file.is_file() for file in some)}
    if not known:
        example = files[LESION][0].name
        raise InputError([Problem(folder, None, f"no masks of the images found, as {example}")])
    return {kind: torch.stack([_mask(file, size) for file in some]) for kind, some in known.items()}


def _mask(file: Path, size: int) -> Tensor:
    if not file.is_file():
        return torch.zeros(size, size, dtype=torch.bool)
    values = torch.from_numpy(read_image(file))[None]
    return resize_to_square((values > 127).float(), size)[0] > 0.5
