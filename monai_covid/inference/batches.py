"""Predicting image files batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from monai_covid.checkpoints import ModelInfo
from monai_covid.inference.assessing import assessed_transforms
from monai_covid.inference.dataset import ReadableOrNot
from monai_covid.inference.prediction import Prediction, prediction_of
from monai_covid.transforms import inference_transforms


class Answer(NamedTuple):
    """What networks say of a batch.

    Attributes:
        probabilities: ``(B, labels)``, on the processor.
        spread: How much the members of an ensemble disagree about each image, B values by measure.
    """

    probabilities: Tensor
    spread: Mapping[str, Sequence[float]]


class Probable(Protocol):
    """What gives probabilities of preprocessed images."""

    @property
    def info(self) -> ModelInfo:
        """What the network is."""

    def answer(self, images: Tensor) -> Answer:
        """Return probabilities of preprocessed ``images`` ``(B, C, S, S)``."""


class Predicts(Probable, Protocol):
    """What classifies image files: a network, or a probe of one."""

    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``."""

    def predict(self, paths: Sequence[Path | str], batch_size: int = 16) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; unreadable ones carry their error."""


class PredictedBatch(NamedTuple):
    """A batch and what is said of it.

    Attributes:
        items: Fields of each image, see `ReadableOrNot`.
        images: ``(B, C, S, S)``, preprocessed.
        probabilities: ``(B, labels)`` of all images, also of those that are not to have any.
        predictions: What is said of each image.
    """

    items: list[dict[str, Any]]
    images: Tensor
    probabilities: Tensor
    predictions: list[Prediction]


def predicted_batches(
    classifier: Probable,
    data: Sequence[dict[str, Any]],
    batch_size: int = 16,
    *,
    assess: bool = False,
    keep_unsuitable: bool = False,
) -> Iterator[PredictedBatch]:
    """Yield what ``classifier`` says of image files, in order.

    Args:
        classifier: What classifies.
        data: Items with ``image`` (path) and ``name``.
        batch_size: Images that are classified together.
        assess: Whether it is asked if each image is an upright frontal chest radiograph.
        keep_unsuitable: Whether those that are not have probabilities all the same.
    """
    info = classifier.info
    chain = assessed_transforms if assess else inference_transforms
    transform = chain(
        size=info.image_size, channels=info.channels, preprocessing=info.preprocessing
    )
    images = ReadableOrNot(data, transform, info.channels, info.image_size)
    for start in range(0, len(images), batch_size):
        # No loader: with none of its processes it would only draw from the global random state.
        items = [images[index] for index in range(start, min(start + batch_size, len(images)))]
        batch = torch.stack([item["image"] for item in items])
        probabilities, spread = classifier.answer(batch)
        rows = probabilities.double().tolist()
        predictions = [
            prediction_of(
                item,
                row,
                info,
                spread={name: values[index] for name, values in spread.items()},
                keep_unsuitable=keep_unsuitable,
            )
            for index, (item, row) in enumerate(zip(items, rows, strict=True))
        ]
        yield PredictedBatch(items, batch, probabilities, predictions)
