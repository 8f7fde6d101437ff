"""EfficientNet-Lite0's feature maps, with weights of ImageNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from monai_covid.grey_statistics import GREY_DEVIATION, GREY_MEAN
from monai_covid.networks import (
    EfficientNetLite,
    build_efficientnet,
    imagenet_efficientnet,
    load_backbone,
)
from monai_covid.transforms.normalise import grey_values


class EfficientNetMaps(nn.Module):
    """An EfficientNet-Lite, by the feature maps of its stages.

    Attributes:
        features: The network without its head; the same tensors, not a copy.
    """

    def __init__(self, network: EfficientNetLite) -> None:
        """Take the network."""
        super().__init__()
        self.features = network.features

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the maps ``(B, C, H, W)`` at the end of each stage.

        Args:
            images: ``(B, channels, S, S)``, standardised as ``StandardizeGreyd`` does.
        """
        if images.shape[1] != 1:
            images = (grey_values(images) - GREY_MEAN) / GREY_DEVIATION
        return self.features.stages(images)


def imagenet_maps() -> tuple[EfficientNetMaps, str]:
    """Return the maps of the network of ImageNet, and the name of its weights file.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        WeightsError: If the file cannot be read.
    """
    state, file = imagenet_efficientnet()
    with torch.random.fork_rng(devices=[]):  # it draws weights first
        network = build_efficientnet()
    load_backbone(network, state)
    return EfficientNetMaps(network), file
