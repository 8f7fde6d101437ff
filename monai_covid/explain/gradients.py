"""Maps from the gradient of an output, through captum."""

from __future__ import annotations

from captum.attr import InputXGradient
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import Tensor, nn

from monai_covid.explain.explainer import CHUNK, NetworkExplainer

STEPS = 50


class GradientTimesInput(NetworkExplainer):
    """Gradient times input; Shrikumar et al., arXiv:1605.01713 (2016).

    The first-order change of the output when the image fades to 0, which is mid-grey after
    standardisation.
    """

    def _explain(self, images: Tensor, weights: Tensor) -> Tensor:
        method = InputXGradient(self._explained)
        found: Tensor = method.attribute(
            images.requires_grad_(), additional_forward_args=(weights,), target=0
        )
        return found


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
        found: Tensor = method.attribute(
            images.requires_grad_(),
            additional_forward_args=(weights,),
            target=0,
            n_steps=self.steps,
            internal_batch_size=self.chunk,
        )
        return found
