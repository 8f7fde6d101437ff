"""What all explanation methods share: images and classes in, maps of the same shape out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from monai_covid.errors import OptionError

Targets = int | Sequence[int] | Tensor
Layer = TypeVar("Layer", bound=nn.Module)

CHUNK = 8
"""Images that are worked on at once."""


class Explainer(Protocol):
    """A method that says which pixels an output rests on."""

    def attribute(
        self, inputs: Tensor, target: Targets | None = None, *, contrast: bool = False
    ) -> Tensor:
        """Return a map ``(B, C, H, W)`` for images of that shape.

        Args:
            inputs: As the network takes them.
            target: Class of all images, or one for each, ``(B,)``.
            contrast: Explain the logit less the mean of the other logits.
        """
        ...


class CanonizeError(TypeError, OptionError):
    """A network has a layer that relevance cannot be propagated through; the message names it."""


class NetworkExplainer(ABC):
    """Base of methods that run the network as it is, on a copy of their own.

    The network given is neither changed nor hooked into, and later changes of it do not show.

    Args:
        network: MONAI's two-dimensional DenseNet, explained as it is in evaluation mode.
        chunk: Images that are worked on at once; memory grows with it and not with the batch.

    Raises:
        CanonizeError: If the network is something else.
    """

    def __init__(self, network: nn.Module, chunk: int = CHUNK) -> None:
        """Copy the network."""
        self.chunk = check_chunk(chunk)
        copy = deepcopy(network).eval().requires_grad_(False)
        self._stem = _layer(copy, "features.conv0", nn.Conv2d)
        self._classes = _layer(copy, "class_layers.out", nn.Linear).out_features
        self._explained = ExplainedOutput(copy)

    def attribute(
        self, inputs: Tensor, target: Targets | None = None, *, contrast: bool = False
    ) -> Tensor:
        """Return a map ``(B, C, H, W)``; see :class:`Explainer`.

        Raises:
            ValueError: If images or targets do not fit the network.
        """
        check_inputs(inputs, self._stem.weight)
        targets = check_targets(target, len(inputs), self._classes)
        check_contrast(self._classes, contrast=contrast)
        weights = initial_gradient(
            targets, inputs.new_empty(len(inputs), self._classes), contrast=contrast
        )
        images = torch.split(inputs.detach(), self.chunk)
        parts = zip(images, torch.split(weights, self.chunk), strict=True)
        return torch.cat([self._explain(image, weight).detach() for image, weight in parts])

    @abstractmethod
    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        """Return the map of a few images, ``weights`` (B, L) saying what is explained."""


class ExplainedOutput(nn.Module):
    """A network with one output: what is explained.

    Args:
        network: Maps images to logits ``(B, L)``.
    """

    def __init__(self, network: nn.Module) -> None:
        """Wrap the network."""
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, weights: Tensor) -> Tensor:
        """Return the logits of each image weighted by ``weights`` ``(B, L)`` and added, (B, 1)."""
        logits: Tensor = self.network(images)
        return (logits * weights).sum(1, keepdim=True)


def _layer(network: nn.Module, name: str, kind: type[Layer]) -> Layer:
    layer = dict(network.named_modules()).get(name)
    if not isinstance(layer, kind):
        what = "missing" if layer is None else f"a {type(layer).__name__}"
        raise CanonizeError(
            f"{type(network).__name__}: {name} is {what}; only MONAI's DenseNet can be "
            f"explained, where it is a {kind.__name__}"
        )
    return layer


def initial_gradient(targets: Sequence[int], logits: Tensor, *, contrast: bool) -> Tensor:
    """Return ``g`` of the logits, ``(B, L)``.

    Args:
        targets: Class of each image.
        logits: ``(B, L)``.
        contrast: Explain the logit less the mean of the others, instead of the logit alone.
    """
    chosen = torch.zeros_like(logits)
    chosen[range(len(targets)), list(targets)] = 1.0
    if not contrast:
        return chosen
    return chosen - (1.0 - chosen) / (logits.shape[1] - 1)


def check_targets(target: Targets | None, images: int, classes: int) -> list[int]:
    """Return the class of each image.

    Args:
        target: One class for all images, or one for each; None only where there is one class.
        images: Number of images.
        classes: Number of logits.

    Raises:
        ValueError: If there are not as many as images, or one is out of range.
    """
    if target is None:
        if classes != 1:
            raise ValueError(f"the network has {classes} outputs: say which with target")
        target = 0
    chosen = torch.as_tensor(target)
    if chosen.dtype.is_floating_point or chosen.dtype == torch.bool:
        raise ValueError(f"target must be whole numbers, got {target!r}")
    if chosen.ndim == 0:
        chosen = chosen.expand(images)
    if chosen.shape != (images,):
        raise ValueError(f"target has the shape {tuple(chosen.shape)}, expected ({images},)")
    classes_chosen: list[int] = chosen.tolist()
    wrong = sorted({index for index in classes_chosen if not 0 <= index < classes})
    if wrong:
        raise ValueError(f"target {wrong} is out of range: the network has {classes} outputs")
    return classes_chosen


def check_contrast(classes: int, *, contrast: bool) -> None:
    """Raise ValueError if a contrast is wanted and there is nothing to contrast with."""
    if contrast and classes == 1:
        raise ValueError("the network has one output: there is nothing to contrast it with")


def check_inputs(inputs: Tensor, weight: Tensor) -> None:
    """Raise ValueError unless images fit the first convolution's ``weight`` of a network."""
    if inputs.ndim != 4 or inputs.shape[1] != weight.shape[1] or not len(inputs):
        raise ValueError(
            f"inputs have the shape {tuple(inputs.shape)}, expected (B, {weight.shape[1]}, H, W)"
        )
    if inputs.dtype != weight.dtype or inputs.device != weight.device:
        raise ValueError(
            f"inputs are {inputs.dtype} on {inputs.device}, the network was {weight.dtype} on "
            f"{weight.device} when its explainer was made"
        )


def check_chunk(chunk: int) -> int:
    """Return ``chunk``, a number of images, or raise ValueError if it is below 1."""
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    return chunk
