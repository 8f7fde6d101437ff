"""Counts, weights and balanced subsets of the classes in a datalist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.records import Datalist


def class_counts(datalist: Datalist, number_of_classes: int) -> NDArray[np.int64]:
    """Count the images of each class, for class indices as well as multi-hot labels.

    Args:
        datalist: Items whose ``label`` is an int from 0, or a list of ``C`` floats.
        number_of_classes: ``C``.

    Returns:
        ``(C,)`` int64.

    Raises:
        ValueError: A label does not fit ``number_of_classes``.
    """
    counts: NDArray[np.int64] = _targets(datalist, number_of_classes).sum(axis=0, dtype=np.int64)
    return counts


def class_weights(datalist: Datalist, number_of_classes: int) -> NDArray[np.float64]:
    """Weight classes by inverse frequency, ``N / (C · N_c)``, so that the mean over images is 1.

    Args:
        datalist: ``N`` items with one class index each.
        number_of_classes: ``C``.

    Returns:
        ``(C,)`` float64, for instance for ``torch.nn.CrossEntropyLoss``.

    Raises:
        ValueError: A class has no images, or an item has several labels.
    """
    if any(not isinstance(item["label"], int) for item in datalist):
        raise ValueError("class weights are defined for one class index per image")
    counts = class_counts(datalist, number_of_classes)
    if not counts.all():
        absent = np.flatnonzero(counts == 0).tolist()
        raise ValueError(f"no images of class {absent} among {len(datalist)}: it has no weight")
    return len(datalist) / (number_of_classes * counts.astype(np.float64))


def balanced_subset(datalist: Datalist, limit: int, seed: int = 0) -> Datalist:
    """Take a reproducible subset in which the classes are as even as the datalist allows.

    Classes, in turn, get the next of their images in random order; images without any label
    form a class of their own.

    Args:
        datalist: Items with class indices or multi-hot labels.
        limit: Number of images, at least 1; with fewer images all are taken.
        seed: Any whole number from 0.

    Returns:
        The chosen items in the order of ``datalist``.

    Raises:
        ValueError: ``limit`` is not a whole number from 1.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ValueError(f"limit must be a whole number from 1, got {limit!r}")
    if limit >= len(datalist):
        return datalist
    targets = _targets(datalist, _width(datalist))
    targets = np.column_stack([targets, ~targets.any(axis=1)])
    order = np.random.default_rng(seed).permutation(len(datalist))
    queues = [iter(order[targets[order, label]].tolist()) for label in range(targets.shape[1])]
    return [datalist[position] for position in sorted(_in_turn(queues, limit))]


def _in_turn(queues: Sequence[Iterator[int]], limit: int) -> set[int]:
    chosen: set[int] = set()
    while len(chosen) < limit:
        for queue in queues:
            fresh = next((position for position in queue if position not in chosen), None)
            if fresh is not None and len(chosen) < limit:
                chosen.add(fresh)
    return chosen


def _width(datalist: Datalist) -> int:
    label: Any = datalist[0]["label"]
    return max(item["label"] for item in datalist) + 1 if isinstance(label, int) else len(label)


def _targets(datalist: Datalist, number_of_classes: int) -> NDArray[np.bool_]:
    """Return ``(N, C)`` bool."""
    targets = np.zeros((len(datalist), number_of_classes), dtype=bool)
    for row, item in enumerate(datalist):
        label = item["label"]
        fits = (
            0 <= label < number_of_classes
            if isinstance(label, int)
            else (len(label) == number_of_classes)
        )
        if not fits:
            raise ValueError(
                f"label {label!r} of {item.get('name', row)!r} does not fit "
                f"{number_of_classes} classes"
            )
        single = isinstance(label, int)
        # What is not known, NaN, is not carried.
        targets[row] = np.arange(number_of_classes) == label if single else np.equal(label, 1)
    return targets
