"""A network ready to classify images, for programs that embed it.

Predicting image files batch by batch.

Probabilities averaged over an image and its mirror image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypedDict

import torch
from monai.inferers import Inferer
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.inference.dataset import ImageFileDataset, assessed_transforms
from monai_covid.inference.prediction import Prediction, prediction_of
from monai_covid.models.architectures import channels_last
from monai_covid.models.model_file import ModelInfo, load_model
from monai_covid.preprocessing.chains import inference_transforms
from monai_covid.preprocessing.probability import probabilities_of


class Answer(NamedTuple):
    """What networks say of a batch.

    Attributes:
        probabilities: ``(B, labels)``, on the processor.
        spread: How much the members of an ensemble disagree about each image, B values by measure.
    """

    probabilities: Tensor
    spread: Mapping[str, Sequence[float]]


class ProbabilityModel(Protocol):
    """What gives probabilities of preprocessed images."""

    @property
    def info(self) -> ModelInfo:
        """What the network is."""

    def answer(self, images: Tensor) -> Answer:
        """Return probabilities of preprocessed ``images`` ``(B, C, S, S)``."""


class ImageClassifier(ProbabilityModel, Protocol):
    """What classifies image files: a network, or a probe of one."""

    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``."""

    def predict(self, paths: Sequence[Path | str], batch_size: int = 16) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; unreadable ones carry their error."""


class PredictedBatch(NamedTuple):
    """A batch and what is said of it.

    Attributes:
        items: Fields of each image, see `ImageFileDataset`.
        images: ``(B, C, S, S)``, preprocessed.
        probabilities: ``(B, labels)`` of all images, also of those that are not to have any.
        predictions: What is said of each image.
    """

    items: list[dict[str, Any]]
    images: Tensor
    probabilities: Tensor
    predictions: list[Prediction]


def predicted_batches(
    classifier: ProbabilityModel,
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
    images = ImageFileDataset(data, transform, info.channels, info.image_size)
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


FLIPS_REMARK = "Probabilities are means over each image and its mirror image."
"""What a report says of it."""


def mean_logits(
    logits: Tensor, mirrored: Tensor, *, multilabel: bool, temperature: float = 1.0
) -> Tensor:
    """Return logits whose probabilities are the mean of the probabilities of two.

    They go through everything that takes logits: dividing them by ``temperature`` and a softmax, or
    sigmoid, gives the mean of what the two give that way.

    Args:
        logits: ``(B, C)`` of images.
        mirrored: ``(B, C)`` of their mirror images.
        multilabel: Whether probabilities are sigmoids (True) or softmaxes.
        temperature: What logits are divided by before, above 0.

    Returns:
        ``(B, C)`` float32.
    """
    both = torch.stack([logits, mirrored]).float() / temperature
    if not multilabel:
        mean: Tensor = torch.logsumexp(both.log_softmax(dim=2), dim=0) - math.log(2)
        return mean * temperature
    # The two terms that would take log 2 off both cancel out.
    yes, no = torch.logsumexp(F.logsigmoid(torch.stack([both, -both])), dim=1)
    odds: Tensor = yes - no
    return odds * temperature


class FlippingInferer(Inferer):
    """Lets another inferer see images and their mirror images, and averages the probabilities.

    Args:
        inferer: What gives logits.
        flips: Whether mirror images are seen at all.
        multilabel: Whether probabilities are sigmoids (True) or softmaxes.
        temperature: What logits are divided by before they become probabilities.
    """

    def __init__(
        self,
        inferer: Inferer,
        flips: bool = False,
        *,
        multilabel: bool = False,
        temperature: float = 1.0,
    ) -> None:
        """Take the inferer."""
        super().__init__()
        self.inferer = inferer
        self.flips = flips
        self.multilabel = multilabel
        self.temperature = temperature

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """Return logits ``(B, C)`` of ``inputs`` ``(B, channels, H, W)``."""
        logits: Tensor = self.inferer(inputs, network, *args, **kwargs)
        if not self.flips:
            return logits
        mirrored: Tensor = self.inferer(inputs.flip(-1), network, *args, **kwargs)
        return mean_logits(
            logits, mirrored, multilabel=self.multilabel, temperature=self.temperature
        )


class _Known(TypedDict):
    multilabel: bool
    temperature: float


class Classifier:
    """Classifies images with the network of a model file.

    Attributes:
        info: What the network is.
        network: The network, in evaluation mode on ``device``.
    """

    def __init__(
        self, model: Path | str, device: str | torch.device = "cpu", *, flips: bool = False
    ) -> None:
        """Load the network.

        Args:
            model: Model file.
            device: Where to compute.
            flips: Whether probabilities are means over an image and its mirror image.

        Raises:
            WeightsError: If the file is missing or unusable.
        """
        network, self.info = load_model(model)
        self.flips = flips
        self.device = torch.device(device)
        self.network = channels_last(network.to(self.device))

    @torch.inference_mode()
    def logits(self, images: Tensor) -> Tensor:
        """Return logits ``(B, labels)`` float32 of preprocessed ``images`` ``(B, C, S, S)``."""
        logits: Tensor = self.network(images.to(self.device)).float()
        return logits

    @torch.inference_mode()
    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``.

        They are calibrated if the model file is.
        """
        known: _Known = {
            "multilabel": self.info.multilabel,
            "temperature": self.info.temperature,
        }
        logits = self.logits(images)
        if self.flips:
            logits = mean_logits(logits, self.logits(images.flip(-1)), **known)
        return probabilities_of(logits, **known).cpu()

    def answer(self, images: Tensor) -> Answer:
        """Return the same probabilities; one network has no spread."""
        return Answer(self.probabilities(images), {})

    def predict(
        self,
        paths: Sequence[Path | str],
        batch_size: int = 16,
        *,
        assess: bool = False,
        keep_unsuitable: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; unreadable ones carry their error.

        Args:
            paths: Image files in any format that is read.
            batch_size: Images that are classified together.
            assess: Whether it is asked if each image is an upright frontal chest radiograph.
                Where images have labels, these decide, and nothing is asked.
            keep_unsuitable: Whether those that are not have probabilities all the same.
        """
        return predict_files(
            self, paths, batch_size, assess=assess, keep_unsuitable=keep_unsuitable
        )


def predict_files(
    classifier: ProbabilityModel,
    paths: Sequence[Path | str],
    batch_size: int = 16,
    *,
    assess: bool = False,
    keep_unsuitable: bool = False,
) -> Iterator[Prediction]:
    """Yield the prediction of ``classifier`` for each file, in order, or its error.

    Args:
        classifier: What classifies.
        paths: Image files in any format that is read.
        batch_size: Images that are classified together.
        assess: Whether it is asked if each image is an upright frontal chest radiograph.
        keep_unsuitable: Whether those that are not have probabilities all the same.
    """
    items = [{"image": str(path), "name": str(path)} for path in paths]
    for batch in predicted_batches(
        classifier, items, batch_size, assess=assess, keep_unsuitable=keep_unsuitable
    ):
        yield from batch.predictions
