"""All networks that can be trained, by name."""

from __future__ import annotations

import torch
from torch import nn

from monai_covid.errors import OptionError
from monai_covid.networks.densenet import BLOCK_LAYERS, build_densenet
from monai_covid.networks.efficientnet import EFFICIENTNET, build_efficientnet

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
    found: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return found
