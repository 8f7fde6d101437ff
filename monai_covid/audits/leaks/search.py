"""Reading the collections and searching all pairs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monai_covid.audits.leaks.background import Background, background_of
from monai_covid.audits.leaks.candidates import (
    Candidates,
    find_candidates,
    merged,
    mutual_neighbours,
)
from monai_covid.audits.leaks.image_set import read_image_set
from monai_covid.audits.leaks.pairs import Collection, Pair, compare, identical
from monai_covid.audits.subject import Subject
from monai_covid.inference.classifier import Classifier
from monai_covid.preprocessing.chains import preprocess_file

OWN = "this collection"

RANDOM_PAIRS = 200
"""Of different patients at most, to learn what a score means."""

Features = NDArray[np.float32] | None


class Search(NamedTuple):
    """The collection and its candidates.

    Attributes:
        own: The audited collection.
        pairs: All candidates, verified: within ``own``, and with every external collection.
        dropped: Candidates that were not looked at because there were too many.
        backgrounds: How similar different patients are, by name of the second collection.
    """

    own: Collection
    pairs: list[Pair]
    dropped: int
    backgrounds: dict[str, Background]


def search(subject: Subject) -> Search:
    """Compare all images of the audited collection with each other and with external ones.

    Raises:
        InputError: If images cannot be read; names all of one collection.
    """
    progress = subject.options.progress
    own = Collection(OWN, subject.records, read_image_set(subject.records, progress=progress))
    features = _features(subject, own)
    candidates = _candidates(own, own, features, features)
    backgrounds = {OWN: _background(own, own, subject.options.seed)}
    pairs, dropped = compare(own, own, candidates, backgrounds[OWN]), candidates.dropped
    for name, records in subject.external.items():
        other = Collection(name, records, read_image_set(records, progress=progress))
        candidates = _candidates(own, other, features, _features(subject, other))
        backgrounds[name] = _background(own, other, subject.options.seed)
        pairs += compare(own, other, candidates, backgrounds[name])
        dropped += candidates.dropped
    return Search(own, pairs, dropped, backgrounds)


def _background(own: Collection, other: Collection, seed: int) -> Background:
    return background_of(
        own.image_set.thumbnails,
        other.image_set.thumbnails,
        (own.records.patients.tolist(), other.records.patients.tolist()),
        seed,
        RANDOM_PAIRS,
    )


def _features(subject: Subject, collection: Collection) -> Features:
    if subject.classifier is None:
        return None
    paths = collection.records.paths.tolist()
    options = subject.options
    return penultimate_features(
        subject.classifier, paths, options.batch_size, progress=options.progress
    )


def _candidates(
    own: Collection, other: Collection, first: Features, second: Features
) -> Candidates:
    within = other is own
    image_set = None if within else other.image_set
    candidates = find_candidates(own.image_set, image_set)
    pairs = [candidates.pairs, identical(own.image_set, image_set)]
    if first is not None and second is not None:
        centre = first.mean(axis=0)
        others = None if within else centred(second, centre)
        pairs.append(mutual_neighbours(centred(first, centre), others))
    return Candidates(merged(pairs, within=within), candidates.dropped)


@torch.inference_mode()
def penultimate_features(
    classifier: Classifier,
    paths: Sequence[str],
    batch_size: int = 16,
    *,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the input of a network's head, ``(N, F)``.

    Args:
        classifier: The model.
        paths: Readable image files.
        batch_size: Images that pass the network together.
        progress: Whether a progress bar is shown.
    """
    network, info = classifier.network, classifier.info
    layers = network.get_submodule("class_layers").children()
    before_head = torch.nn.Sequential(network.get_submodule("features"), *list(layers)[:-1])
    features = []
    starts = range(0, len(paths), batch_size)
    for start in tqdm(starts, "Features", unit="batch", disable=not progress):
        images = [
            preprocess_file(path, info.image_size, info.channels, info.preprocessing)
            for path in paths[start : start + batch_size]
        ]
        batch = torch.stack(images).to(classifier.device)
        features.append(before_head(batch).float().cpu().numpy())
    return np.concatenate(features) if features else np.zeros((0, 1), dtype=np.float32)


def centred(features: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors ``(N, F)`` of features from their ``centre`` ``(F,)``."""
    moved = features - centre
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    units: NDArray[np.float32] = moved / np.maximum(length, 1e-12)
    return units
