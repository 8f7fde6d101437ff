"""Every explanation method by name, with one interface.

LRP is this package's own; gradients and occlusion go through captum, Grad-CAM through MONAI.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import captum.attr
import torch
from captum.attr import InputXGradient
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from monai.visualize import GradCAM
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.explain.explainer import CHUNK, CanonizeError, Explainer, NetworkExplainer
from monai_covid.explain.lrp.composites import EpsilonAlpha2Beta1Flat, EpsilonPlusFlat, EpsilonZBox
from monai_covid.explain.lrp.engine import LRP

STEPS = 50


class GradientTimesInput(NetworkExplainer):
    """Gradient times input; Shrikumar et al., arXiv:1605.01713 (2016).

    The first-order change of the output when the image fades to 0, which is mid-grey after
    standardisation.
    """

    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        method = InputXGradient(self._explained)
        attribution: Tensor = method.attribute(
            images.requires_grad_(), additional_forward_args=(weights,), target=0
        )
        return attribution


class IntegratedGradients(NetworkExplainer):
    """Integrated gradients from mid-grey to the image; Sundararajan et al., ICML 2017.

    A map adds up to the output of the image less that of a mid-grey one, but for the error of the
    integration.

    Args:
        network: MONAI's two-dimensional DenseNet.
        chunk: Images, and points on their paths, that are worked on at once.
        steps: Points on the path.
    """

    def __init__(self, network: nn.Module, chunk: int = CHUNK, steps: int = STEPS) -> None:
        """Copy the network."""
        super().__init__(network, chunk)
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        self.steps = steps

    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        method = CaptumIntegratedGradients(self._explained)
        attribution: Tensor = method.attribute(
            images.requires_grad_(),
            additional_forward_args=(weights,),
            target=0,
            n_steps=self.steps,
            internal_batch_size=self.chunk,
        )
        return attribution


LAST_FEATURES = "network.class_layers.relu"


class GradCam(NetworkExplainer):
    """Gradient-weighted class activation; Selvaraju et al., ICCV 2017.

    The last feature maps weighted by their mean gradient, negative parts cut off, and enlarged from
    a 32nd of the image's size; shared among the channels. MONAI's own normalisation, which turns
    the map upside down, is left out.

    Args:
        network: MONAI's two-dimensional DenseNet.
        chunk: Images that are worked on at once.
    """

    def __init__(self, network: nn.Module, chunk: int = CHUNK) -> None:
        """Copy the network."""
        super().__init__(network, chunk)
        self._method = GradCAM(self._explained, LAST_FEATURES, postprocessing=_unchanged)
        # MONAI's hooks keep what they see on the object, so one thread at a time.
        self._lock = Lock()

    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        with self._lock, torch.enable_grad():
            attribution: Tensor = self._method(
                images.requires_grad_(), class_idx=0, weights=weights
            )
        return attribution.expand_as(images) / images.shape[1]


def _unchanged(activation: Tensor) -> Tensor:
    return activation


class Occlusion(NetworkExplainer):
    """How far the output falls when a square is covered; Zeiler & Fergus, ECCV 2014.

    The square is filled with 0, which is mid-grey after standardisation, and moved by half its
    side. A pixel gets the mean over the squares that cover it, shared among the channels.

    Args:
        network: MONAI's two-dimensional DenseNet.
        chunk: Images that are worked on at once.
        window: Side of the square, as a part of the image's shorter side, in (0, 1].
    """

    def __init__(self, network: nn.Module, chunk: int = CHUNK, window: float = 0.125) -> None:
        """Copy the network."""
        super().__init__(network, chunk)
        if not 0.0 < window <= 1.0:
            raise ValueError(f"window must be in (0, 1], got {window}")
        self.window = window

    @torch.no_grad()
    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        channels, height, width = images.shape[1:]
        side = max(1, round(self.window * min(height, width)))
        stride = max(1, side // 2)
        attribution: Tensor = captum.attr.Occlusion(self._explained).attribute(
            images,
            sliding_window_shapes=(channels, side, side),
            strides=(channels, stride, stride),
            baselines=0.0,
            additional_forward_args=(weights,),
            target=0,
            perturbations_per_eval=max(1, self.chunk // len(images)),
        )
        return (attribution / channels).to(images)  # captum computes in single precision


class PixelRange(NamedTuple):
    """Lowest and highest value of each channel of a network's input.

    Attributes:
        low: As many values as channels.
        high: As many values as channels.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]


class Method(NamedTuple):
    """A method that can be chosen by name.

    Attributes:
        title: For tables and pictures.
        make: Takes network, range of its input and images worked on at once.
    """

    title: str
    make: Callable[[nn.Module, PixelRange, int], Explainer]


METHODS = {
    "lrp": Method("LRP", lambda network, _, chunk: LRP(network, EpsilonPlusFlat(), chunk)),
    "lrp-alpha2beta1": Method(
        "LRP alpha2-beta1", lambda network, _, chunk: LRP(network, EpsilonAlpha2Beta1Flat(), chunk)
    ),
    "lrp-zbox": Method(
        "LRP epsilon-zbox", lambda network, pixels, chunk: LRP(network, EpsilonZBox(*pixels), chunk)
    ),
    "gradient-times-input": Method(
        "Gradient times input", lambda network, _, chunk: GradientTimesInput(network, chunk)
    ),
    "integrated-gradients": Method(
        "Integrated gradients", lambda network, _, chunk: IntegratedGradients(network, chunk)
    ),
    "occlusion": Method("Occlusion", lambda network, _, chunk: Occlusion(network, chunk)),
    "grad-cam": Method("Grad-CAM", lambda network, _, chunk: GradCam(network, chunk)),
}
"""The methods, best known first."""

DEFAULT_METHOD = "lrp-zbox"
"""Of pictures and DICOM results. ``lrp`` mostly has one sign all over an image: where biases decide
for the predicted class, nothing at all is for it. See docs/explanation/explanations-tested.md.
"""


def make_explainer(
    method: str, network: nn.Module, pixels: PixelRange, chunk: int = CHUNK
) -> Explainer:
    """Return an explainer of ``network`` by the method's name.

    Args:
        method: One of ``METHODS``.
        network: MONAI's two-dimensional DenseNet.
        pixels: Range of the network's input.
        chunk: Images that are worked on at once.

    Raises:
        OptionError: If there is no such method.
        CanonizeError: If the network is something else.
    """
    if method not in METHODS:
        raise OptionError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    try:
        return METHODS[method].make(network, pixels, chunk)
    except CanonizeError as error:
        others = [name for name in METHODS if not name.startswith("lrp")]
        hint = "" if method in others else f"; these may explain it: {', '.join(others)}"
        raise CanonizeError(f"method {method}: {error}{hint}") from error
