"""Features of the network against what its head was really given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from monai_covid.audits.leaks.search import OWN, centred, penultimate_features, search
from monai_covid.audits.subject import Subject
from monai_covid.inference.classifier import Classifier

FOUR = {
    "patients": ["p1", "p2", "p3", "p4"],
    "labels": ["covid19", "pneumonia", "normal", "normal"],
}


def test_features_are_what_the_head_is_given(model, phantoms, records_of, tmp_path):
    paths = records_of(tmp_path, phantoms[:4], **FOUR).paths.tolist()
    classifier = Classifier(model)
    given: list[torch.Tensor] = []
    head = classifier.network.class_layers[-1]
    handle = head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    list(classifier.predict(paths, batch_size=3))
    handle.remove()

    features = penultimate_features(classifier, paths, batch_size=3)

    np.testing.assert_allclose(features, torch.cat(given).numpy(), rtol=1e-4, atol=1e-5)


def test_centred_features_are_unit_vectors_from_the_centre():
    units = centred(np.array([[4.0, 5.0], [1.0, 1.0]]), np.array([1.0, 1.0]))

    np.testing.assert_allclose(units, [[0.6, 0.8], [0.0, 0.0]])


@pytest.mark.parametrize("outside", [False, True])
def test_nearest_by_features_are_compared(outside, model, phantoms, records_of, tmp_path):
    # No two of these are alike by hash or descriptor.
    own = records_of(tmp_path / "a", [phantoms[number] for number in (0, 3, 5, 7)], **FOUR)
    others = records_of(tmp_path / "b", [phantoms[number] for number in (1, 2, 4, 6)], **FOUR)
    external = {"other": others} if outside else {}
    classifier = Classifier(model)

    plain = places(search(Subject(own, tmp_path, external=external)))
    found = places(search(Subject(own, tmp_path, classifier, external=external)))

    first = penultimate_features(classifier, own.paths.tolist())
    second = penultimate_features(classifier, others.paths.tolist()) if outside else first
    # The closest pair of all is mutually nearest.
    distance = cdist(first - first.mean(axis=0), second - first.mean(axis=0), "cosine")
    distance[distance < 1e-6] = np.inf
    closest = tuple(int(one) for one in np.unravel_index(distance.argmin(), distance.shape))
    assert plain < found
    assert ("other" if outside else OWN, *closest) in found


def places(found):
    return {(pair.other.name, pair.first, pair.second) for pair in found.pairs}
