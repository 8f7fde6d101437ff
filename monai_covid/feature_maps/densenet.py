"""A DenseNet's feature maps."""

from __future__ import annotations

import torch
from monai.networks.nets import DenseNet
from torch import Tensor, nn


class DenseNetMaps(nn.Module):
    """A DenseNet, by the feature maps of its dense blocks.

    Attributes:
        features: The network without its head; the same tensors, not a copy.
    """

    def __init__(self, network: DenseNet) -> None:
        """Take the network."""
        super().__init__()
        self.features = network.features

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the maps ``(B, C, H, W)`` after each dense block.

        The last ones are normalised and rectified, as the network averages them for its head.

        Args:
            images: ``(B, channels, S, S)``, standardised.
        """
        values = images.contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        for name, layer in self.features.named_children():
            values = layer(values)
            if name.startswith("denseblock"):
                found.append(values)
        return [*found[:-1], values.relu()]
