"""Images to classify, among which some may be unreadable.

Asking of each image that is read whether it is an upright frontal chest radiograph.

What of an image a network saw, and what is said where its lungs were not found.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.transforms import Compose, MapTransform
from torch import Tensor
from torch.utils.data import Dataset

from monai_covid.errors import ImageReadError, caused_by
from monai_covid.preprocessing.chains import deterministic_transforms, normalisation_transforms
from monai_covid.preprocessing.settings import PLAIN, Preprocessing
from monai_covid.preprocessing.suitability.assess import assess

UNSUITABLE, CAUTIONS = "unsuitable", "cautions"

_SEPARATOR = "\n"  # between sentences; one string a sample is what data loaders can put together


class AssessSuitabilityd(MapTransform):
    """Note what speaks against each image; the image stays as it is.

    It comes after reading and before equalising: contrast and exposure are those of the file. For
    the key ``image``, (1, H, W) of any scale, the sample gets the texts ``unsuitable`` and
    ``cautions``, see `sentences`.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with ``unsuitable`` and ``cautions``."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            found = assess(sample[key][0].numpy())
            sample[UNSUITABLE] = _SEPARATOR.join(found.reasons)
            sample[CAUTIONS] = _SEPARATOR.join(found.cautions)
        return sample


def with_caution(text: str, caution: str) -> str:
    """Return one text of the sentences in ``text`` and ``caution``."""
    return _SEPARATOR.join([text, caution]) if text else caution


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences that `AssessSuitabilityd` put into one text."""
    return tuple(text.split(_SEPARATOR)) if text else ()


def assessed_transforms(size: int, channels: int, preprocessing: Preprocessing = PLAIN) -> Compose:
    """Return the chain for inference, with the question of suitability.

    The image is that of `inference_transforms`, bit for bit.

    Args:
        size: Side of the network's input in pixels.
        channels: 1 or 3.
        preprocessing: What the network was trained with.
    """
    reading, *equalising_and_resizing = deterministic_transforms(
        size=size, preprocessing=preprocessing
    )
    return Compose(
        [
            reading,
            AssessSuitabilityd("image"),
            *equalising_and_resizing,
            *normalisation_transforms(channels=channels),
        ]
    )


BOX = "box"
WHOLE = torch.zeros(4, dtype=torch.int64)
"""Stands for all of an image, whose size batches do not hold."""


def box_of(shown: Tensor) -> tuple[int, int, int, int] | None:
    """Return top and bottom row, first and last column that a network saw; None: all of the image.

    Args:
        shown: Four integers, as `ImageFileDataset` gives them.
    """
    if not shown.any():
        return None
    top, bottom, first, last = (int(edge) for edge in shown)
    return top, bottom, first, last


def fallback_caution(reason: str) -> str:
    """Return what a reader should know of an image that was to be cut to its lungs.

    Args:
        reason: Why they were not found.
    """
    return f"The lungs were not found ({reason}); the network saw the whole image."


class ImageFileDataset(Dataset[dict[str, Any]]):
    """Preprocessed images; an unreadable one becomes a black image with the reason.

    Args:
        data: Items with ``image`` (path) and ``name``.
        transform: Preprocessing, from path to ``(C, S, S)``; with `assessed_transforms` it is asked
            whether the image is suitable.
        channels: C.
        size: S.
    """

    def __init__(
        self, data: Sequence[dict[str, Any]], transform: Compose, channels: int, size: int
    ) -> None:
        """Note what to read."""
        self.data = list(data)
        self.transform = transform
        self.shape = (channels, size, size)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return ``image``, ``label`` (always 0) and texts.

        These are ``name``, ``path``, ``error``, ``unsuitable`` and ``cautions``; the last three are
        empty where there is nothing to say or nothing was asked. ``box``: what of the image is
        shown, see `box_of`.
        """
        item = self.data[index]
        sample: dict[Hashable, Any] = {"image": item["image"]}
        error = ""
        try:
            sample = self.transform(sample)
        except Exception as failure:
            unreadable = caused_by(failure, (ImageReadError,))
            if unreadable is None:
                raise
            sample, error = {"image": torch.zeros(self.shape)}, str(unreadable)
        known = {"name": item["name"], "path": str(item["image"]), "error": error}
        asked = {what: sample.get(what, "") for what in (UNSUITABLE, CAUTIONS)}
        fallback = sample.get("image_fallback", "")
        if fallback:
            asked[CAUTIONS] = with_caution(asked[CAUTIONS], fallback_caution(fallback))
        box = sample.get("image_box", WHOLE)
        return {"image": sample["image"], "label": 0, BOX: box, **known, **asked}
