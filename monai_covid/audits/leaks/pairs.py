"""Pairs of images that are copies of each other, and whether they are a leak or a remark."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.audits.leaks.background import Background
from monai_covid.audits.leaks.candidates import LONG, Candidates, hamming, merged, perceptual_hashes
from monai_covid.audits.leaks.image_set import ImageSet
from monai_covid.audits.leaks.patients import crossing, spelling_key
from monai_covid.audits.leaks.similarity import THRESHOLD, similarity
from monai_covid.data.records import Records

NO_BACKGROUND = Background()


class Kind(StrEnum):
    """In what sense two images are copies."""

    SAME_FILE = "same file"
    SAME_PIXELS = "same pixels"
    NEAR = "near-duplicate"
    NONE = "no duplicate"


class Collection(NamedTuple):
    """A collection whose images were read.

    Attributes:
        name: What to call it.
        records: Its N images.
        image_set: The same images, small.
    """

    name: str
    records: Records
    image_set: ImageSet


class Pair(NamedTuple):
    """Two images that were compared.

    Attributes:
        first: Row in the audited collection.
        second: Row in ``other``.
        other: The collection of the second image; may be the same.
        kind: Whether they are copies.
        score: See ``Background.score``.
        orientation: How the second image lies.
        bits: In which the perceptual hashes of 256 bits differ, both images upright.
        crosses: Whether they are in splits that must be disjoint.
        same_patient: Whether the patient ids agree but for their spelling.
        same_label: Whether the labels agree.
    """

    first: int
    second: int
    other: Collection
    kind: Kind
    score: float
    orientation: str
    bits: int
    crosses: bool
    same_patient: bool
    same_label: bool

    @property
    def is_leak(self) -> bool:
        """Whether copies are in two splits."""
        return self.kind != Kind.NONE and self.crosses

    @property
    def is_remark(self) -> bool:
        """Whether copies in one split have different patients or labels."""
        agrees = self.same_patient and self.same_label
        return self.kind != Kind.NONE and not self.crosses and not agrees


def identical(first: ImageSet, second: ImageSet | None = None) -> NDArray[np.intp]:
    """Return pairs ``(P, 2)`` of the same bytes or pixels; each with the first image of these."""
    other = first if second is None else second
    pairs = [_equal(first.files, other.files), _equal(first.pixels, other.pixels)]
    return merged(pairs, within=second is None)


def compare(
    own: Collection,
    other: Collection,
    candidates: Candidates,
    background: Background = NO_BACKGROUND,
) -> list[Pair]:
    """Compare candidates pixel by pixel, and their splits, patients and labels.

    Args:
        own: The audited collection.
        other: The collection of the second images; ``own`` for pairs within it.
        candidates: Pairs of rows.
        background: How similar images of different patients of the two are.
    """
    pairs = candidates.pairs
    crosses_of = crossing(own.records, pairs) if other is own else np.ones(len(pairs), dtype=bool)
    verified = _verified(own.image_set, other.image_set, pairs, background)
    return [
        Pair(
            int(i),
            int(j),
            other,
            kind,
            score,
            orientation,
            bits,
            bool(crosses),
            _key(own, i) == _key(other, j),
            _labels(own, i) == _labels(other, j),
        )
        for (i, j), crosses, (kind, score, orientation, bits) in zip(
            pairs, crosses_of, verified, strict=True
        )
    ]


def label_of(records: Records, row: int) -> str:
    """Return the labels of an image, separated by ``|``."""
    return "|".join(
        label for label, is_set in zip(records.labels, records.targets[row], strict=True) if is_set
    )


def _verified(
    own: ImageSet, other: ImageSet, pairs: NDArray[np.intp], background: Background
) -> Iterator[tuple[Kind, float, str, int]]:
    for i, j in pairs:
        images = own.thumbnails[i], other.thumbnails[j]
        hashes = [perceptual_hashes(image[None], LONG) for image in images]
        bits = int(hamming(*hashes)[0, 0])
        if own.pixels[i] == other.pixels[j] or own.files[i] == other.files[j]:
            same_file = own.files[i] == other.files[j]
            yield Kind.SAME_FILE if same_file else Kind.SAME_PIXELS, 1.0, "upright", bits
            continue
        correlation, orientation = similarity(*images)
        score = background.score(correlation)
        yield Kind.NEAR if score >= THRESHOLD else Kind.NONE, score, orientation, bits


def _equal(first: list[bytes], second: list[bytes]) -> NDArray[np.intp]:
    earliest: dict[bytes, int] = {}
    for row, digest in enumerate(first):
        earliest.setdefault(digest, row)
    pairs = [(earliest[digest], row) for row, digest in enumerate(second) if digest in earliest]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _key(collection: Collection, row: int) -> tuple[str, ...]:
    return spelling_key(collection.records.patients[row])


def _labels(collection: Collection, row: int) -> str:
    return label_of(collection.records, row)
