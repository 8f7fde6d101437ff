"""From prepared images to predictions: the one place where probabilities become an answer.

The command line, the DICOM service, the operators, the bundle and ``monai_covid.load`` all answer
here, so that an image gets the same answer in each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from monai_covid.evaluation.calibration.uncertainty import uncertainty_flags, uncertainty_of
from monai_covid.inference.image import ImageFileDataset, PreparedImage
from monai_covid.inference.prediction import Prediction
from monai_covid.models.model_file import ModelInfo


class Answer(NamedTuple):
    """What networks say of a batch.

    Attributes:
        probabilities: ``(B, labels)``, on the CPU.
        spread: How much the members of an ensemble disagree about each image, B values by measure.
    """

    probabilities: Tensor
    spread: Mapping[str, Sequence[float]]


class ProbabilityModel(Protocol):
    """What gives probabilities of preprocessed images: a network, an ensemble, a probe."""

    @property
    def info(self) -> ModelInfo:
        """What the network is."""

    def answer(self, images: Tensor) -> Answer:
        """Return probabilities of preprocessed ``images`` ``(B, C, S, S)``."""


class AnsweredBatch(NamedTuple):
    """Images and what is said of each.

    Attributes:
        images: The images.
        predictions: As many.
    """

    images: Sequence[PreparedImage]
    predictions: list[Prediction]


def answer_images(model: ProbabilityModel, images: Sequence[PreparedImage]) -> list[Prediction]:
    """Return what ``model`` says of each image; those without a tensor get their reason alone.

    Args:
        model: What answers.
        images: Of one batch.
    """
    tensors = [each.tensor for each in images if each.tensor is not None]
    answer = model.answer(torch.stack(tensors)) if tensors else Answer(torch.empty(0, 0), {})
    return predictions_of(images, answer, model.info)


def answer_files(
    model: ProbabilityModel,
    images: ImageFileDataset,
    batch_size: int,
    when_read: Callable[[], object] | None = None,
) -> Iterator[AnsweredBatch]:
    """Yield what ``model`` says of image files, in order.

    Args:
        model: What answers.
        images: The files.
        batch_size: Images that are answered together.
        when_read: Called after each image that was read, for a progress bar.
    """
    batch: list[PreparedImage] = []
    # No loader: with none of its processes it would only draw from the global random state.
    for index in range(len(images)):
        batch.append(images[index])
        if when_read is not None:
            when_read()
        if len(batch) == batch_size or index == len(images) - 1:
            yield AnsweredBatch(batch, answer_images(model, batch))
            batch = []


def predictions_of(
    images: Sequence[PreparedImage], answer: Answer, info: ModelInfo
) -> list[Prediction]:
    """Return what is said of each image.

    Args:
        images: Of one batch.
        answer: A row for each image that has a tensor, in order.
        info: What the network is.
    """
    rows = iter(answer.probabilities.double().tolist())
    spreads = (
        dict(zip(answer.spread, values, strict=True))
        for values in zip(*answer.spread.values(), strict=True)
    )
    return [
        _without_probabilities(image, info)
        if image.tensor is None
        else _prediction(image, next(rows), next(spreads, {}), info)
        for image in images
    ]


def predictions_in_evaluator(state: Any, info: ModelInfo) -> list[Prediction]:
    """Return what an evaluator's last iteration says of its images.

    Args:
        state: State of an Ignite engine whose batches come from `ImageFileDataset.collate` and
            whose output has ``probability``.
        info: What the network is.
    """
    images: list[PreparedImage] = state.batch["prepared"]
    answered = [index for index, each in enumerate(images) if each.tensor is not None]
    return predictions_of(images, Answer(state.output["probability"][answered], {}), info)


def _without_probabilities(image: PreparedImage, info: ModelInfo) -> Prediction:
    known = image.radiograph
    return Prediction(
        known.name, {}, info.multilabel, known.error, known.unsuitable, known.cautions
    )


def _prediction(
    image: PreparedImage, row: Sequence[float], spread: Mapping[str, float], info: ModelInfo
) -> Prediction:
    probabilities = dict(zip(info.labels, row, strict=True))
    thresholds = thresholds_of(info)
    above = tuple(
        label for label, value in probabilities.items() if value >= thresholds.get(label, math.inf)
    )
    return Prediction(
        image.radiograph.name,
        probabilities,
        info.multilabel,
        unsuitable=image.radiograph.unsuitable,
        cautions=image.radiograph.cautions,
        above_threshold=above if thresholds else None,
        spread=spread,
        uncertainty=uncertainty_of(info.calibration, row),
        uncertain=uncertainty_flags(info.calibration, row),
    )


def thresholds_of(info: ModelInfo) -> dict[str, float]:
    """Return the threshold of each label that has one, in (0, 1)."""
    points = info.calibration.points if info.calibration else ()
    return {each.label: each.threshold for each in points if each.threshold is not None}


def has_cutoff(info: ModelInfo) -> bool:
    """Tell whether the model has a cut-off of uncertainty."""
    return info.calibration is not None and info.calibration.cutoff is not None
