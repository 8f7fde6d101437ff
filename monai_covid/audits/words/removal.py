"""What the model says when the text is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_covid.audits.subject import Subject
from monai_covid.audits.words.images import AuditedImage, Pixels, probabilities
from monai_covid.evaluation.bootstrap import Interval, percentile_interval, resample
from monai_covid.words import inpaint

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over patients.

    Attributes:
        value: None where it is not defined.
        low: None where there is no interval.
        high: None where there is no interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float | None]:
        """Return it for programs."""
        return {"value": self.value, "low": self.low, "high": self.high}

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True)
class Removal:
    """Probabilities ``(N, C)`` of the images that have text, with three versions of them.

    Attributes:
        true: Index of the true class, ``(N,)``.
        patients: ``(N,)`` str.
        before: As they are.
        after: With the text inpainted.
        control: With as much inpainted beside the text: the mask mirrored left to right.
    """

    true: NDArray[np.intp]
    patients: NDArray[np.object_]
    before: FloatArray
    after: FloatArray
    control: FloatArray

    def right(self, scores: FloatArray) -> FloatArray:
        """Return 1 where the most probable class is the true one, else 0, ``(N,)``."""
        return np.asarray(scores.argmax(1) == self.true, dtype=np.float64)

    def shift(self, scores: FloatArray) -> FloatArray:
        """Return how far the probability of the true class moved, ``(N,)``, negative: down."""
        rows = np.arange(len(self.true))
        return np.asarray(scores[rows, self.true] - self.before[rows, self.true])

    def changed(self, scores: FloatArray) -> FloatArray:
        """Return 1 where the most probable class is another one than before, else 0, ``(N,)``."""
        return np.asarray(scores.argmax(1) != self.before.argmax(1), dtype=np.float64)


def remove_text(subject: Subject, images: Sequence[AuditedImage]) -> Removal:
    """Classify the images that have text as they are, without it, and with the control.

    Args:
        subject: What is audited.
        images: All of ``subject.unseen``, in its order.
    """
    has_text = np.array([bool(one.boxes) and not one.mask().all() for one in images])
    chosen = [one for one, has in zip(images, has_text, strict=True) if has]
    seed, size = subject.options.seed, subject.options.batch_size

    def without(image: AuditedImage, pixels: Pixels) -> Pixels:
        return inpaint(pixels, image.mask(), seed)

    def beside(image: AuditedImage, pixels: Pixels) -> Pixels:
        return inpaint(pixels, beside_text(image.mask()), seed)

    def same(image: AuditedImage, pixels: Pixels) -> Pixels:
        return pixels

    records = subject.unseen
    scores = [
        probabilities(subject.model, chosen, change, size) for change in (same, without, beside)
    ]
    return Removal(records.classes[has_text], records.patients[has_text], *scores)


def beside_text(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a text mask mirrored left to right, less the text itself."""
    return np.asarray(mask[:, ::-1] & ~mask)


def mean_of(values: FloatArray, patients: Sequence[str], resamples: int, seed: int) -> Estimate:
    """Return the mean of ``values`` ``(N,)`` with its interval over patients."""
    return ratio_of(values, np.ones_like(values), patients, resamples, seed)


def ratio_of(
    over: FloatArray, under: FloatArray, patients: Sequence[str], resamples: int, seed: int
) -> Estimate:
    """Return the ratio of two sums over images with its interval over patients.

    Args:
        over: ``(N,)``.
        under: ``(N,)``, not negative.
        patients: Patient of each image.
        resamples: Bootstrap resamples.
        seed: Of the resamples.
    """
    if not len(over) or under.sum() == 0:
        return Estimate(None)
    value = float(over.sum() / under.sum())
    if len(set(patients)) < 2:
        return Estimate(value)

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        total = weights @ under
        ratio = np.full(len(total), np.nan)
        np.divide(weights @ over, total, out=ratio, where=total > 0)
        return {"ratio": ratio}

    found: Interval = percentile_interval(resample(measure, patients, resamples, seed)["ratio"])
    return Estimate(value, found.low, found.high)
