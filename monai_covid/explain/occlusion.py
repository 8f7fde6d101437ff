"""Maps from covering parts of an image, through captum."""

from __future__ import annotations

import captum.attr
import torch
from torch import Tensor, nn

from monai_covid.explain.explainer import CHUNK, NetworkExplainer


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
        found: Tensor = captum.attr.Occlusion(self._explained).attribute(
            images,
            sliding_window_shapes=(channels, side, side),
            strides=(channels, stride, stride),
            baselines=0.0,
            additional_forward_args=(weights,),
            target=0,
            perturbations_per_eval=max(1, self.chunk // len(images)),
        )
        return (found / channels).to(images)  # captum computes in single precision
