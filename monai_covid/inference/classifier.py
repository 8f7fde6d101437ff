"""Networks of model files that classify images, and probabilities averaged over mirror images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypedDict

import torch
from monai.inferers import Inferer
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.inference.answer import Answer, ProbabilityModel, answer_files
from monai_covid.inference.image import ImageFileDataset, ImagePreparation
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.sources import ImageSource, sources_of
from monai_covid.models.architectures import channels_last
from monai_covid.models.model_file import load_model
from monai_covid.preprocessing.probability import probabilities_of


class ImageClassifier(ProbabilityModel, Protocol):
    """What classifies image files: a network, an ensemble, or a probe of one."""

    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``."""

    def predict(
        self,
        paths: Sequence[Path | str],
        batch_size: int = 16,
        *,
        assess: bool = True,
        keep_unsuitable: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; see `predict_files`."""


class _Scaling(TypedDict):
    multilabel: bool
    temperature: float


class Classifier:
    """Classifies images with the network of a model file.

    Attributes:
        file: The model file.
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
        self.file = Path(model)
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
        scaling: _Scaling = {
            "multilabel": self.info.multilabel,
            "temperature": self.info.temperature,
        }
        logits = self.logits(images)
        if self.flips:
            logits = mean_logits(logits, self.logits(images.flip(-1)), **scaling)
        points = self.info.operating_points
        return probabilities_of(logits, **scaling, operating_points=points).cpu()

    def answer(self, images: Tensor) -> Answer:
        """Return the same probabilities; one network has no spread."""
        return Answer(self.probabilities(images), {})

    def predict(
        self,
        paths: Sequence[Path | str],
        batch_size: int = 16,
        *,
        assess: bool = True,
        keep_unsuitable: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; see `predict_files`."""
        return predict_files(
            self, paths, batch_size, assess=assess, keep_unsuitable=keep_unsuitable
        )


def predict_files(
    classifier: ProbabilityModel,
    paths: Sequence[ImageSource],
    batch_size: int = 16,
    *,
    assess: bool = True,
    keep_unsuitable: bool = False,
    trust_photometric: bool = False,
) -> Iterator[Prediction]:
    """Return the prediction of each file, in order; unreadable ones carry their error.

    Args:
        classifier: What classifies.
        paths: A list of image files of any format that is read, or of other sources of images.
        batch_size: Images that are classified together.
        assess: Whether it is asked if each image is an upright frontal chest radiograph. Where
            images have labels, these decide, and nothing is asked.
        keep_unsuitable: Whether those that are not have probabilities all the same.
        trust_photometric: As for `read_source`.

    Raises:
        TypeError: If ``paths`` is a single path or image, or holds something else.
    """
    items = [{"image": source, "name": ""} for source in sources_of(paths)]
    preparation = ImagePreparation(
        classifier.info,
        assess=assess,
        keep_unsuitable=keep_unsuitable,
        trust_photometric=trust_photometric,
    )
    batches = answer_files(classifier, ImageFileDataset(items, preparation), batch_size)
    return (prediction for batch in batches for prediction in batch.predictions)


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
