"""Maps of the last feature maps, through MONAI's Grad-CAM."""

from __future__ import annotations

from threading import Lock

import torch
from monai.visualize import GradCAM
from torch import Tensor, nn

from monai_covid.explain.explainer import CHUNK, NetworkExplainer

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
            found: Tensor = self._method(images.requires_grad_(), class_idx=0, weights=weights)
        return found.expand_as(images) / images.shape[1]


def _unchanged(activation: Tensor) -> Tensor:
    return activation
