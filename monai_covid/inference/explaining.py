"""Which classes of an image are explained, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.explain.explainer import CHUNK
from monai_covid.explain.methods import DEFAULT_METHOD, METHODS, PixelRange, make_explainer
from monai_covid.inference.image import PreparedImage
from monai_covid.inference.prediction import Prediction
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.normalise import standardized_range

PREDICTED = "predicted"
"""Explain the most probable class of each image."""

CONTRADICTION = (
    "The heatmap speaks against the answer: more of it is against the class than for it."
)

CLASSES_SHOWN = 3
"""Classes of an image that are explained for a picture of several."""


class HeatmapRequest(NamedTuple):
    """Which class is explained, and by which method.

    Attributes:
        label: Class to explain; ``predicted``: the most probable one of each image.
        method: One of ``METHODS``.
        contrast: Explain the class against the others; None: where classes exclude each other.
    """

    label: str = PREDICTED
    method: str = DEFAULT_METHOD
    contrast: bool | None = None

    def settled(self, info: ModelInfo) -> HeatmapRequest:
        """Return the request with ``contrast`` True or False, as fits a network."""
        if self.contrast is not None:
            return self
        return self._replace(contrast=info.classes.exclusive and len(info.labels) > 1)

    def check(self, info: ModelInfo) -> None:
        """Make sure that a network can be explained so.

        Raises:
            OptionError: Saying what would be right.
        """
        choices = (PREDICTED, *info.labels)
        if self.label not in choices:
            raise OptionError(f"class is {self.label!r}; it must be one of {', '.join(choices)}")
        if self.method not in METHODS:
            raise OptionError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}")
        if self.contrast and len(info.labels) == 1:
            raise OptionError("contrast needs a network with several classes, it has one")


class Explanation(NamedTuple):
    """The relevance maps of one image.

    Attributes:
        target: Index of the class that is explained.
        maps: Relevance ``(C, S, S)`` by index of the class: the target, and those most probable
            beside it.
    """

    target: int
    maps: dict[int, NDArray[np.float32]]

    def contradiction(self, prediction: Prediction) -> str:
        """Return that the heatmap speaks against the answer, in words; empty if it does not.

        It does if it is of the most probable class and its relevance adds up to less than 0: what
        the network sees in the image speaks against what it answers, which it then owes to its
        biases or its calibration.
        """
        label = list(prediction.probabilities)[self.target]
        against = float(self.maps[self.target].sum(dtype=float)) < 0
        return CONTRADICTION if against and label in prediction.classes else ""


class ClassExplainer:
    """Explains what a network says of images.

    Args:
        network: The network.
        info: What it is.
        request: What is explained; settled for the network, it is an attribute.
        classes: How many classes of each image are explained: the requested one, then those most
            probable beside it.
        chunk: Images that are worked on at once.

    Raises:
        OptionError: If the network cannot be explained so.
    """

    def __init__(
        self,
        network: nn.Module,
        info: ModelInfo,
        request: HeatmapRequest,
        *,
        classes: int = CLASSES_SHOWN,
        chunk: int = CHUNK,
    ) -> None:
        """Copy the network."""
        request.check(info)
        self.info = info
        self.request = request.settled(info)
        self.classes = classes
        self._device = next(network.parameters()).device
        pixels = PixelRange(*standardized_range(info.channels, info.preprocessing.scale))
        self._explainer = make_explainer(request.method, network, pixels, chunk)

    def explain_images(
        self, images: Sequence[PreparedImage], predictions: Sequence[Prediction]
    ) -> list[Explanation | None]:
        """Return the maps of each image; None of those without an answer."""
        tensors = [each.tensor for each in images if each.tensor is not None]
        if not tensors:
            return [None] * len(images)
        rows = [list(each.probabilities.values()) for each in predictions if each.probabilities]
        explanations = iter(self.explain(torch.stack(tensors), torch.tensor(rows)))
        return [None if each.tensor is None else next(explanations) for each in images]

    def explain(self, images: Tensor, probabilities: Tensor) -> list[Explanation]:
        """Return the maps of each image.

        Args:
            images: ``(B, C, S, S)``.
            probabilities: ``(B, L)``.
        """
        # Plain tensors, and not those of torch.inference_mode, which have no gradients.
        images = images.to(self._device).clone()
        targets = self._targets(probabilities)
        explained = [
            self._explained_classes(row, target)
            for row, target in zip(probabilities, targets, strict=True)
        ]
        maps: list[dict[int, NDArray[np.float32]]] = [{} for _ in targets]
        for classes in zip(*explained, strict=True):
            relevance = self._explainer.attribute(
                images, torch.tensor(classes), contrast=bool(self.request.contrast)
            )
            for of_image, label, values in zip(maps, classes, relevance, strict=True):
                of_image[label] = values.cpu().numpy()
        return [Explanation(*each) for each in zip(targets, maps, strict=True)]

    def _targets(self, probabilities: Tensor) -> list[int]:
        if self.request.label == PREDICTED:
            predicted: list[int] = probabilities.argmax(1).tolist()
            return predicted
        return [self.info.labels.index(self.request.label)] * len(probabilities)

    def _explained_classes(self, probabilities: Tensor, target: int) -> Sequence[int]:
        order = probabilities.argsort(descending=True, stable=True).tolist()
        return [target, *(index for index in order if index != target)][: self.classes]
