"""Reading the collections and searching all pairs of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.audits.leaks.background import Background, background_of
from monai_covid.audits.leaks.candidates import (
    Candidates,
    find_candidates,
    merged,
    mutual_neighbours,
)
from monai_covid.audits.leaks.features import centred, penultimate_features
from monai_covid.audits.leaks.gallery import read_gallery
from monai_covid.audits.leaks.pairs import Collection, Pair, compare, identical
from monai_covid.audits.subject import Subject

OWN = "this collection"

RANDOM_PAIRS = 200
"""Of different patients at most, to learn what a score means."""


class Search(NamedTuple):
    """What was searched and found.

    Attributes:
        own: The audited collection.
        pairs: All candidates, verified: within ``own``, and with every external collection.
        dropped: Candidates that were not looked at because there were too many.
        backgrounds: How alike different patients are, by name of the second collection.
    """

    own: Collection
    pairs: list[Pair]
    dropped: int
    backgrounds: dict[str, Background]


def search(subject: Subject) -> Search:
    """Compare everything in the audited collection with everything in it and outside.

    Raises:
        InputError: If images cannot be read; names all of one collection.
    """
    own = Collection(OWN, subject.records, read_gallery(subject.records))
    features = _features(subject, own)
    found = _candidates(own, own, features, features)
    backgrounds = {OWN: _background(own, own, subject.options.seed)}
    pairs, dropped = compare(own, own, found, backgrounds[OWN]), found.dropped
    for name, records in subject.external.items():
        other = Collection(name, records, read_gallery(records))
        found = _candidates(own, other, features, _features(subject, other))
        backgrounds[name] = _background(own, other, subject.options.seed)
        pairs += compare(own, other, found, backgrounds[name])
        dropped += found.dropped
    return Search(own, pairs, dropped, backgrounds)


def _background(own: Collection, other: Collection, seed: int) -> Background:
    return background_of(
        own.gallery.thumbnails,
        other.gallery.thumbnails,
        (own.records.patients.tolist(), other.records.patients.tolist()),
        seed,
        RANDOM_PAIRS,
    )


Features = NDArray[np.float32] | None


def _features(subject: Subject, collection: Collection) -> Features:
    if subject.classifier is None:
        return None
    paths = collection.records.paths.tolist()
    return penultimate_features(subject.classifier, paths, subject.options.batch_size)


def _candidates(
    own: Collection, other: Collection, first: Features, second: Features
) -> Candidates:
    within = other is own
    gallery = None if within else other.gallery
    found = find_candidates(own.gallery, gallery)
    pairs = [found.pairs, identical(own.gallery, gallery)]
    if first is not None and second is not None:
        centre = first.mean(axis=0)
        one, two = centred(first, centre), centred(second, centre)
        pairs.append(mutual_neighbours(one, None if within else two))
    return Candidates(merged(pairs, within=within), found.dropped)
