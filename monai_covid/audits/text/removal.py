"""Predictions without the text, and the share of the relevance that lies on text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.audits.subject import Subject
from monai_covid.audits.text.images import AuditedImage, Pixels, inputs, probabilities
from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.explain.explainer import Explainer
from monai_covid.explain.lrp.engine import LRP
from monai_covid.preprocessing.region import mask_in_input
from monai_covid.preprocessing.text.remove import inpaint

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

    def correct(self, scores: FloatArray) -> FloatArray:
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
    has_text = np.array([image.has_text for image in images])
    with_text = [image for image, has in zip(images, has_text, strict=True) if has]
    seed, size = subject.options.seed, subject.options.batch_size

    def without(image: AuditedImage, pixels: Pixels) -> Pixels:
        return inpaint(pixels, image.mask(), seed)

    def beside(image: AuditedImage, pixels: Pixels) -> Pixels:
        return inpaint(pixels, beside_text(image.mask()), seed)

    records = subject.unseen
    scores = [
        probabilities(subject.model, with_text, change, size) for change in (_same, without, beside)
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

    interval = percentile_interval(resample(measure, patients, resamples, seed)["ratio"])
    return Estimate(value, interval.low, interval.high)


class Shares(NamedTuple):
    """Shares of each image with text, ``(N,)``.

    Attributes:
        relevance: Share of the positive relevance on text, in [0, 1]; NaN where none is positive.
        area: Share of the area of the network's input that is text.
    """

    relevance: NDArray[np.float64]
    area: NDArray[np.float64]


def text_shares(
    subject: Subject, images: Sequence[AuditedImage], explainer: Explainer | None = None
) -> Shares:
    """Explain the predicted class of images that have text.

    Args:
        subject: What is audited.
        images: Those with text.
        explainer: Method; None: LRP (EpsilonPlusFlat).

    Raises:
        CanonizeError: If relevance cannot be propagated through the network.
    """
    classifier = subject.model
    explainer = explainer or LRP(classifier.network)
    relevance, area = [], []
    for batch, tensor, boxes in inputs(classifier, images, _same, subject.options.batch_size):
        predicted = classifier.probabilities(tensor).argmax(1)
        maps = explainer.attribute(tensor.to(classifier.device).clone(), predicted).cpu()
        size = classifier.info.image_size
        masks = torch.stack(
            [mask_in_input(item.mask(), size, box) for item, box in zip(batch, boxes, strict=True)]
        )
        positive = maps.sum(1).clamp(min=0)
        relevance.append((positive * masks).sum((1, 2)) / positive.sum((1, 2)))
        area.append(masks.double().mean((1, 2)))
    if not relevance:
        return Shares(np.empty(0), np.empty(0))
    return Shares(torch.cat(relevance).double().numpy(), torch.cat(area).numpy())


def _same(image: AuditedImage, pixels: Pixels) -> Pixels:
    return pixels
