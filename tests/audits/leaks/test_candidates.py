"""The fast search, against slow and simple ones."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from monai_covid.audits.leaks.candidates import (
    LONG,
    SHORT,
    hamming,
    merged,
    mutual_neighbours,
    perceptual_hashes,
)
from monai_covid.audits.leaks.image_set import SIDE, thumbnail
from monai_covid.audits.leaks.similarity import DCT_SIDE, describe


@pytest.mark.parametrize("side", [SHORT, LONG])
def test_hamming_distance_is_that_of_imagehash(side, phantoms):
    small = np.stack([thumbnail(one) for one in phantoms[:4]])
    hashes = [imagehash.phash(Image.fromarray(one), hash_size=side) for one in small]
    expected = [[one - two for two in hashes] for one in hashes]

    packed = perceptual_hashes(small, side)

    np.testing.assert_array_equal(hamming(packed, packed), expected)


def test_descriptors_are_the_correlation_of_low_frequencies():
    rows = np.arange(DCT_SIDE) + 0.5
    wave = [np.cos(np.pi * rows * k / DCT_SIDE) for k in (2, 3)]
    images = [np.outer(wave[0], np.ones(DCT_SIDE)), np.outer(np.ones(DCT_SIDE), wave[1])]
    images.append(images[0] * 2 + images[1] * 4 / 3)
    big = np.stack([np.kron(100 + 30 * one, np.ones((3, 3))) for one in images])
    assert big.shape[1:] == (SIDE, SIDE)

    units = describe(big)

    # Weighted with the frequencies 2 and 3 the third image holds both waves equally strongly.
    expected = [[1, 0, 0.5**0.5], [0, 1, 0.5**0.5], [0.5**0.5, 0.5**0.5, 1]]
    np.testing.assert_allclose(units @ units.T, expected, atol=2e-3)


def test_inverted_image_has_the_negative_descriptor(phantoms):
    small = thumbnail(phantoms[0])[None]

    np.testing.assert_allclose(describe(255 - small), -describe(small), atol=1e-4)


def test_pairs_within_one_collection_have_no_direction():
    pairs = np.array([[1, 0], [0, 1], [2, 2], [0, 3]])

    assert merged([pairs], within=True).tolist() == [[0, 1], [0, 3]]
    assert merged([pairs], within=False).tolist() == [[0, 1], [0, 3], [1, 0], [2, 2]]


def test_mutual_neighbours_are_those_of_a_loop():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(40, 5)), random.normal(size=(30, 5))
    cosine = first @ second.T
    slow = [
        [i, j]
        for i in range(40)
        for j in range(30)
        if cosine[i, j] == cosine[i].max() == cosine[:, j].max()
    ]

    found = mutual_neighbours(first.astype(np.float32), second.astype(np.float32))

    assert found.tolist() == slow
