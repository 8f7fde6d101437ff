"""Pairs that could be copies of each other, found fast among all pairs.

Images are candidates by the correlation of their descriptors, by perceptual hashes (phash of the
ImageHash library), or by the features of a network. Blocks of rows keep the memory bounded: a block
against 20,000 images takes 40 MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_covid.audits.leaks.image_set import MIRRORED, ORIENTATIONS, ImageSet, oriented
from monai_covid.audits.leaks.similarity import VARIANTS, describe

ROWS = 512

PER_IMAGE = 25
"""Candidates kept for each image, on average over a block, of those that are similar enough."""

STRONG, WEAK = 0.93, 0.85
"""Correlations of descriptors. All pairs above the first are candidates; of those above the second
as many as there are images, the strongest. Chosen on 1,682 radiographs, where ten copies from
other publications, cropped and lettered differently, correlate by 0.88 and more."""

SHORT, LONG = 8, 16
"""Sides of the hashes: 64 and 256 bits."""

MOST_BITS = {SHORT: 6, LONG: 56}
"""Of 100,000 upright pairs of different patients about one or fewer has no more differing bits."""

HASHED = {SHORT: tuple(range(len(ORIENTATIONS))), LONG: (0, MIRRORED)}
"""Orientations that are hashed."""

IntArray = NDArray[np.intp]

Block = tuple[int, NDArray[np.float32]]


class Candidates(NamedTuple):
    """Pairs of rows to look at.

    Attributes:
        pairs: ``(P, 2)``: row in the first collection, row in the second; each pair once.
        dropped: Pairs that were left out because a block had too many.
    """

    pairs: IntArray
    dropped: int


def find_candidates(first: ImageSet, second: ImageSet | None = None) -> Candidates:
    """Return the pairs of two collections, or of one, that are similar by descriptor or by hash.

    Args:
        first: A images.
        second: B images; None: the pairs within ``first``.
    """
    if second is None:
        searches = [_search(first, first)]
    else:
        back = _search(second, first)
        searches = [_search(first, second), Candidates(back.pairs[:, ::-1], back.dropped)]
    pairs = merged([candidates.pairs for candidates in searches], within=second is None)
    return Candidates(pairs, sum(candidates.dropped for candidates in searches))


def mutual_neighbours(first: NDArray[np.float32], second: NDArray[np.float32] | None) -> IntArray:
    """Return the pairs ``(P, 2)`` in which each is the other's nearest by cosine.

    Args:
        first: Features ``(A, F)``, centred.
        second: Features ``(B, F)``; None: pairs within ``first``, no image being its own neighbour.
    """
    if len(first) == 0 or (second is not None and len(second) == 0):
        return np.zeros((0, 2), dtype=np.intp)
    nearest = _nearest(first, first if second is None else second, within=second is None)
    nearest_back = nearest if second is None else _nearest(second, first, within=False)
    rows = np.arange(len(first))
    mutual = nearest_back[nearest] == rows
    return merged([np.stack([rows, nearest], axis=1)[mutual]], within=second is None)


def merged(pairs: Sequence[IntArray], *, within: bool) -> IntArray:
    """Return pairs ``(P, 2)`` once each, sorted; ``within`` one collection (i, j) is (j, i)."""
    every = np.concatenate([np.zeros((0, 2), dtype=np.intp), *pairs])
    if within:
        every = np.sort(every[every[:, 0] != every[:, 1]], axis=1)
    return np.unique(every, axis=0)


def _nearest(query: NDArray[np.float32], base: NDArray[np.float32], *, within: bool) -> IntArray:
    nearest = np.zeros(len(query), dtype=np.intp)
    for start in range(0, len(query), ROWS):
        cosine = query[start : start + ROWS] @ base.T
        if within:
            _blank_own(cosine, start, -np.inf)
        nearest[start : start + ROWS] = cosine.argmax(axis=1)
    return nearest


def _search(query: ImageSet, base: ImageSet) -> Candidates:
    candidates, dropped = [], 0
    for start, correlation in _by_descriptor(query, base):
        pairs, left_out = _strongest(correlation, STRONG, PER_IMAGE)
        others = np.where(correlation < STRONG, correlation, -1)
        candidates += [
            pairs + np.array([start, 0]),
            _strongest(others, WEAK, 1)[0] + np.array([start, 0]),
        ]
        dropped += left_out
    for start, spare_bits in _by_hash(query, base):
        pairs, left_out = _strongest(spare_bits, 0, PER_IMAGE)
        candidates.append(pairs + np.array([start, 0]))
        dropped += left_out
    return Candidates(merged(candidates, within=query is base), dropped)


def _by_descriptor(query: ImageSet, base: ImageSet) -> Iterator[Block]:
    """Yield correlations over all variants, by blocks; an inverted copy has a negative one."""
    whole = describe(base.thumbnails).T
    for start, rows in _blocks(query):
        best = np.zeros((len(rows), len(base)), dtype=np.float32)
        for variant in VARIANTS:
            np.maximum(best, np.abs(describe(rows, variant) @ whole), out=best)
        if query is base:
            _blank_own(best, start)
        yield start, best


def _by_hash(query: ImageSet, base: ImageSet) -> Iterator[Block]:
    """Yield how many more bits could differ, by blocks; an inverted copy has nearly all."""
    for side, orientations in HASHED.items():
        whole = perceptual_hashes(base.thumbnails, side)
        for start, rows in _blocks(query):
            fewest = np.full((len(rows), len(base)), side * side, dtype=np.float32)
            for number in orientations:
                bits = hamming(perceptual_hashes(oriented(rows, number), side), whole)
                np.minimum(fewest, np.minimum(bits, side * side - bits), out=fewest)
            if query is base:
                _blank_own(fewest, start, side * side)
            yield start, MOST_BITS[side] - fewest


def _blank_own(block: NDArray[np.float32], start: int, value: float = -1.0) -> None:
    rows = np.arange(len(block))
    block[rows, start + rows] = value


def _blocks(image_set: ImageSet) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for start in range(0, len(image_set), ROWS):
        yield start, image_set.thumbnails[start : start + ROWS]


def _strongest(values: NDArray[np.float32], least: float, per_image: int) -> tuple[IntArray, int]:
    """Return the places of values of ``least`` or more; only the largest if they are too many."""
    places = np.argwhere(values >= least)
    limit = per_image * len(values)
    if len(places) <= limit:
        return places, 0
    order = np.argsort(-values[places[:, 0], places[:, 1]], kind="stable")
    return places[order[:limit]], len(places) - limit


def perceptual_hashes(thumbnails: NDArray[Any], side: int) -> NDArray[np.uint64]:
    """Return the hashes ``(N, side * side / 64)`` of uint8 thumbnails ``(N, S, S)``.

    Args:
        thumbnails: Equalised images.
        side: 8 for 64 bits, 16 for 256 bits.
    """
    bits = [
        imagehash.phash(Image.fromarray(np.ascontiguousarray(image)), hash_size=side).hash.ravel()
        for image in thumbnails
    ]
    packed = np.packbits(np.array(bits, dtype=bool).reshape(len(thumbnails), -1), axis=1)
    return packed.view(np.uint64)


def hamming(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the number of bits ``(A, B)`` in which hashes ``(A, W)`` and ``(B, W)`` differ."""
    distance = np.zeros((len(first), len(second)), dtype=np.uint16)
    for word in range(first.shape[1]):
        distance += np.bitwise_count(first[:, word, None] ^ second[None, :, word])
    return distance
