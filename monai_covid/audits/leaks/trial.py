"""Planted copies: how many of them are found in this very collection."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_covid.audits.leaks.background import Background
from monai_covid.audits.leaks.candidates import find_candidates
from monai_covid.audits.leaks.image_set import ImageSet, thumbnail
from monai_covid.audits.leaks.similarity import THRESHOLD, similarity
from monai_covid.data.images import read_image
from monai_covid.data.records import Records

IMAGES = 25
"""Copied for the trial, each in every way."""

AMONG = 1000
"""Images at most among which the copies are searched; with more the trial would take long."""

Grey = NDArray[np.float32]


class Trial(NamedTuple):
    """How the copies of one kind fared.

    Attributes:
        found: Copies that are a candidate and score enough.
        scores: Of all candidates among the copies; 0 for those that are none.
    """

    found: int
    scores: list[float]


def rescaled(grey: Grey) -> Grey:
    """Return the image (uint8 values) at 60 % of its size."""
    image = _picture(grey)
    size = (max(32, round(0.6 * image.width)), max(32, round(0.6 * image.height)))
    return _values(image.resize(size, Image.Resampling.LANCZOS))


def recompressed(grey: Grey) -> Grey:
    """Return the image after JPEG compression of quality 30."""
    stream = io.BytesIO()
    _picture(grey).save(stream, "JPEG", quality=30)
    return _values(Image.open(stream))


def cropped(grey: Grey) -> Grey:
    """Return the image without 5 % of its height and width, at the top and at the left."""
    return grey[round(0.05 * grey.shape[0]) :, round(0.05 * grey.shape[1]) :]


def regraded(grey: Grey) -> Grey:
    """Return the image with another gamma, contrast and brightness."""
    changed: Grey = np.rint(255 * (grey / 255) ** 1.6 * 0.85 + 20).astype(np.float32)
    return changed


COPIES: Mapping[str, Callable[[Grey], Grey]] = {
    "copy": lambda grey: grey,
    "rescaled to 60 %": rescaled,
    "JPEG, quality 30": recompressed,
    "cropped by 5 %": cropped,
    "brightness and contrast changed": regraded,
    "mirrored": lambda grey: grey[:, ::-1],
    "rotated by 90°": np.rot90,
    "inverted": lambda grey: 255 - grey,
    "mirrored and cropped": lambda grey: cropped(grey[:, ::-1]),
}
"""What may happen to an image on its way into another collection."""


def try_copies(
    records: Records, image_set: ImageSet, background: Background, seed: int
) -> dict[str, Trial]:
    """Copy random images in every way of ``COPIES`` and look for them in the collection.

    Args:
        records: N images.
        image_set: The same.
        background: How similar its different patients are.
        seed: Seed of the choice.
    """
    generator = np.random.default_rng(seed)
    among = generator.permutation(len(records))[:AMONG]
    greys = [_eight_bit(read_image(records.paths[row])) for row in among[:IMAGES]]
    copies = [
        thumbnail(np.ascontiguousarray(make(grey))) for make in COPIES.values() for grey in greys
    ]
    scores = _scores_of_copies(image_set.thumbnails[among], np.stack(copies), len(greys))
    scores = np.vectorize(background.score)(scores)
    return {
        kind: Trial(sum(score >= THRESHOLD for score in row), row)
        for kind, row in zip(COPIES, scores.tolist(), strict=True)
    }


def _scores_of_copies(
    originals: NDArray[np.uint8], copies: NDArray[np.uint8], count: int
) -> NDArray[np.float64]:
    """Return the score ``(K, count)`` of K copies of the first ``count`` originals, in turn."""
    scores = np.zeros(len(copies))
    for original, copy in find_candidates(_unread(originals), _unread(copies)).pairs:
        if original == copy % count:
            scores[copy] = similarity(originals[original], copies[copy])[0]
    return scores.reshape(-1, count)


def _unread(thumbnails: NDArray[np.uint8]) -> ImageSet:
    no_digests = [b""] * len(thumbnails)
    return ImageSet(thumbnails, no_digests, no_digests)


def _eight_bit(grey: Grey) -> Grey:
    low, high = float(grey.min()), float(grey.max())
    scaled: Grey = np.rint((grey - low) * (255 / max(high - low, 1e-6))).astype(np.float32)
    return scaled


def _picture(grey: Grey) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8))


def _values(image: Image.Image) -> Grey:
    return np.asarray(image.convert("L")).astype(np.float32)
