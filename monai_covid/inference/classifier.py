"""A network ready to classify images, for programs that embed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from monai_covid.checkpoints import load_model
from monai_covid.inference.batches import Answer, Probable, predicted_batches
from monai_covid.inference.flips import mean_logits
from monai_covid.inference.prediction import Prediction
from monai_covid.networks import channels_last
from monai_covid.transforms.probability import probabilities_of


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
    classifier: Probable,
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
