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
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.normalise import standardized_range

PREDICTED = "predicted"
"""Explain the most probable class of each image."""

SHOWN_AT_MOST = 3
"""Classes of an image that are explained."""


class Question(NamedTuple):
    """What is asked about every image.

    Attributes:
        label: Class to explain; ``predicted``: the most probable one of each image.
        method: One of ``METHODS``.
        contrast: Explain the class against the others.
    """

    label: str = PREDICTED
    method: str = DEFAULT_METHOD
    contrast: bool = False

    def check(self, info: ModelInfo) -> None:
        """Make sure that a network can be asked this.

        Raises:
            OptionError: Saying what would be right.
        """
        known = (PREDICTED, *info.labels)
        if self.label not in known:
            raise OptionError(f"class is {self.label!r}; it must be one of {', '.join(known)}")
        if self.method not in METHODS:
            raise OptionError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}")
        if self.contrast and len(info.labels) == 1:
            raise OptionError("contrast needs a network with several classes, it has one")


class Explanation(NamedTuple):
    """The maps of one image.

    Attributes:
        chosen: Index of the class that was asked for.
        maps: Relevance ``(C, S, S)`` by index of the class: the chosen one, and those most probable
            beside it.
        box: Top and bottom row, first and last column of the image that the maps belong to; None:
            all of it.
    """

    chosen: int
    maps: dict[int, NDArray[np.float32]]
    box: tuple[int, int, int, int] | None = None


class NetworkQuestioner:
    """Explains what a network says of images.

    Args:
        network: The network.
        info: What it is.
        question: What is asked.
        chunk: Images that are worked on at once.

    Raises:
        OptionError: If the network cannot be asked this.
    """

    def __init__(
        self, network: nn.Module, info: ModelInfo, question: Question, chunk: int = CHUNK
    ) -> None:
        """Copy the network."""
        question.check(info)
        self.info = info
        self.question = question
        pixels = PixelRange(*standardized_range(info.channels))
        self._explainer = make_explainer(question.method, network, pixels, chunk)

    def explain(self, images: Tensor, probabilities: Tensor) -> list[Explanation]:
        """Return the maps of each image.

        Args:
            images: ``(B, C, S, S)``, on the network's device.
            probabilities: ``(B, L)``.
        """
        # Plain tensors, and not those of torch.inference_mode, which have no gradients.
        images = images.clone()
        chosen = self._chosen(probabilities)
        shown = [_shown(row, first) for row, first in zip(probabilities, chosen, strict=True)]
        maps: list[dict[int, NDArray[np.float32]]] = [{} for _ in chosen]
        for targets in zip(*shown, strict=True):
            relevance = self._explainer.attribute(
                images, torch.tensor(targets), contrast=self.question.contrast
            )
            for found, target, values in zip(maps, targets, relevance, strict=True):
                found[target] = values.cpu().numpy()
        return [Explanation(*each) for each in zip(chosen, maps, strict=True)]

    def _chosen(self, probabilities: Tensor) -> list[int]:
        if self.question.label == PREDICTED:
            predicted: list[int] = probabilities.argmax(1).tolist()
            return predicted
        return [self.info.labels.index(self.question.label)] * len(probabilities)


def _shown(probabilities: Tensor, chosen: int) -> Sequence[int]:
    """Return the classes of one image that are explained: the chosen one, then by probability."""
    order = probabilities.argsort(descending=True, stable=True).tolist()
    return [chosen, *(index for index in order if index != chosen)][:SHOWN_AT_MOST]
