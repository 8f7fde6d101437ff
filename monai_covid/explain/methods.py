"""Every method by name, with one interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from monai_covid.errors import OptionError
from monai_covid.explain.composites import (
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.explainer import CHUNK, Explainer
from monai_covid.explain.finder import CanonizeError
from monai_covid.explain.grad_cam import GradCam
from monai_covid.explain.gradients import GradientTimesInput, IntegratedGradients
from monai_covid.explain.lrp import LRP
from monai_covid.explain.occlusion import Occlusion


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
