"""Asking of each image that is read whether it is an upright frontal chest radiograph."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from monai.transforms import Compose, MapTransform

from monai_covid.preprocessing import PLAIN, Preprocessing
from monai_covid.suitability import assess
from monai_covid.transforms import deterministic_transforms, normalisation_transforms

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
