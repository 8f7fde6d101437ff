"""Registration against a known placement; scores of different patients."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from monai_covid.audits.leaks.background import Background
from monai_covid.audits.leaks.image_set import ORIENTATIONS, oriented, thumbnail
from monai_covid.audits.leaks.similarity import (
    THRESHOLD,
    Affine,
    pyramid,
    register,
    similarity,
    warp,
)


def test_registration_finds_a_known_placement(phantoms):
    image = thumbnail(phantoms[0]).astype(np.float32) / 255
    known = Affine(np.array([[0.94, 0.01], [0.0, 0.96]]), np.array([0.03, -0.02]))
    fixed, _ = warp(image, known)

    found = register(pyramid(fixed), pyramid(image))

    assert found is not None
    np.testing.assert_allclose(found.matrix, known.matrix, atol=0.01)
    np.testing.assert_allclose(found.shift, known.shift, atol=0.01)


def test_warping_by_whole_pixels_is_a_shift():
    image = np.arange(64, dtype=np.float32).reshape(8, 8)

    moved, inside = warp(image, Affine(np.eye(2), np.array([0.25, 0.0])))

    np.testing.assert_allclose(moved[:, :-1], image[:, 1:], atol=1e-5)
    assert inside[:, :-1].all()
    assert not inside[:, -1].any()


@pytest.mark.parametrize("number", range(len(ORIENTATIONS)))
def test_orientation_is_named(number, phantoms):
    small = thumbnail(phantoms[1])

    score, name = similarity(small, oriented(small, number))

    assert score > 0.99
    assert name == ORIENTATIONS[number]


def test_orientations_are_the_eight_of_the_square():
    image = np.arange(9).reshape(3, 3)

    assert len({oriented(image, number).tobytes() for number in range(8)}) == 8
    np.testing.assert_array_equal(oriented(image, 6), image[::-1])


def test_different_phantoms_are_not_alike(phantoms):
    small = [thumbnail(one) for one in phantoms[:5]]

    background = Background(tuple(similarity(one, two)[0] for one, two in combinations(small, 2)))

    assert max(background.scores) < THRESHOLD - 0.1
