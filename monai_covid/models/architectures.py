"""The networks that can be trained, by name."""

from __future__ import annotations

import torch
from monai.networks.nets import DenseNet
from torch import nn

from monai_covid.errors import OptionError
from monai_covid.models.efficientnet import EFFICIENTNET, build_efficientnet

BLOCK_LAYERS = {"densenet121": (6, 12, 24, 16), "densenet201": (6, 12, 48, 32)}
"""Layers in each dense block; Huang et al., CVPR 2017, table 1."""


def build_densenet(
    architecture: str = "densenet121", channels: int = 1, outputs: int = 3
) -> DenseNet:
    """Build a two-dimensional DenseNet with random weights.

    Args:
        architecture: ``densenet121`` or ``densenet201``.
        channels: Input channels, 1 (grey) or 3.
        outputs: Number of output neurons.

    Returns:
        Network that maps ``(B, channels, H, W)`` float32 to logits ``(B, outputs)``.

    Raises:
        OptionError: For an unknown architecture or a channel number other than 1 and 3.
    """
    if architecture not in BLOCK_LAYERS:
        raise OptionError(
            f"architecture is {architecture!r}; it must be one of {', '.join(BLOCK_LAYERS)}"
        )
    if channels not in (1, 3):
        raise OptionError(f"channels is {channels}; it must be 1 (grey) or 3")
    if outputs < 1:
        raise OptionError(f"outputs is {outputs}; it must be at least 1")
    return DenseNet(
        spatial_dims=2,
        in_channels=channels,
        out_channels=outputs,
        init_features=64,
        growth_rate=32,
        block_config=BLOCK_LAYERS[architecture],
    )


ARCHITECTURES = (*BLOCK_LAYERS, EFFICIENTNET)


def build_network(architecture: str, channels: int = 1, outputs: int = 3) -> nn.Module:
    """Build a network with random weights.

    Args:
        architecture: One of ``ARCHITECTURES``.
        channels: Input channels, 1 (grey) or, DenseNets only, 3.
        outputs: Number of output neurons.

    Returns:
        Network that maps ``(B, channels, H, W)`` float32 to logits ``(B, outputs)``; its backbone
        is its submodule ``features``, its last linear layer the one named ``HEAD``.

    Raises:
        OptionError: For an unknown architecture or numbers that do not fit it, or if the packages
            of the extra ``features`` are missing.
    """
    if architecture not in ARCHITECTURES:
        raise OptionError(
            f"architecture is {architecture!r}; it must be one of {', '.join(ARCHITECTURES)}"
        )
    if architecture == EFFICIENTNET:
        return build_efficientnet(channels, outputs)
    densenet: nn.Module = build_densenet(architecture, channels, outputs)
    return densenet


def channels_last(network: nn.Module) -> nn.Module:
    """Lay the weights out for images in channels-last order, which convolutions are faster in."""
    # PyTorch's type stubs leave this overload out.
    laid_out: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return laid_out
