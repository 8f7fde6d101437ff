"""What storing weights in fewer bytes changes about a model's answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.files import atomic_path
from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.inference.classifier import Classifier
from monai_covid.models.model_file import save_model


class Change(NamedTuple):
    """Two model files compared on the same images.

    Attributes:
        images: Their number.
        largest: Largest change of any probability.
        mean: Mean change of a probability.
        decisions: Images whose most probable class is another one.
        bytes_before: Size of the first file.
        bytes_after: Size of the second.
    """

    images: int
    largest: float
    mean: float
    decisions: int
    bytes_before: int
    bytes_after: int


def shrink(
    model: Path,
    out: Path,
    images: Sequence[Path],
    storage: str,
    largest_change: float,
    *,
    load: Callable[[Path], Classifier] = Classifier,
    batch_size: int = 16,
) -> Change:
    """Rewrite ``model`` in another storage, unless its answers change too much.

    Args:
        model: Model file.
        out: File to write.
        images: Image files; at least one.
        storage: See ``weight_storage.STORAGES``.
        largest_change: Probabilities may change by less than this; no decision may change.
        load: Returns the classifier of a model file.
        batch_size: Images that are classified together.

    Returns:
        What changed.

    Raises:
        OptionError: If more changes than that; nothing is written.
        InputError: If an image cannot be read; names all of them.
        WeightsError: If the model cannot be read.
    """
    classifier = load(model)
    state, info = classifier.network.state_dict(), classifier.info
    before = _probabilities(classifier, images, batch_size)
    with atomic_path(out) as temporary:
        save_model(temporary, state, info, storage)
        after = _probabilities(load(temporary), images, batch_size)
        change = _compare(before, after, model.stat().st_size, temporary.stat().st_size)
        if change.decisions or not change.largest < largest_change:
            raise OptionError(
                f"{storage} changes {change.decisions} of {change.images} decisions and "
                f"probabilities by up to {change.largest:.2g}; none and less than "
                f"{largest_change:g} are allowed, so {out} is not written"
            )
    return change


def _probabilities(
    classifier: Classifier, images: Sequence[Path], batch_size: int
) -> NDArray[np.float64]:
    """Return ``(N, labels)`` probabilities of all images, also of unsuitable ones."""
    predictions = list(classifier.predict(list(images), batch_size, assess=False))
    unreadable = [
        Problem(path, None, each.error)
        for path, each in zip(images, predictions, strict=True)
        if each.error
    ]
    if unreadable:
        raise InputError(unreadable)
    return np.array(
        [[each.probabilities[label] for label in classifier.info.labels] for each in predictions]
    )


def _compare(
    before: NDArray[Any], after: NDArray[Any], bytes_before: int, bytes_after: int
) -> Change:
    change = np.abs(after - before)
    decisions = int((before.argmax(1) != after.argmax(1)).sum())
    largest, mean = float(change.max()), float(change.mean())
    return Change(len(before), largest, mean, decisions, bytes_before, bytes_after)
