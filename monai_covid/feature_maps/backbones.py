"""Networks whose features are taken as they are, with what they were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from monai_covid.checkpoints import read_backbone_info
from monai_covid.errors import OptionError
from monai_covid.feature_maps.densenet import DenseNetMaps
from monai_covid.feature_maps.efficientnet import imagenet_maps
from monai_covid.imagenet import start_from_imagenet
from monai_covid.networks import BLOCK_LAYERS, EFFICIENTNET, build_densenet

BACKBONES = (EFFICIENTNET, *BLOCK_LAYERS)
SEED = 0
"""Of a network with random weights."""


class Backbone(NamedTuple):
    """A frozen network.

    Attributes:
        maps: Maps grey images ``(B, 1, S, S)``, standardised as ``StandardizeGreyd`` does, to the
            feature maps of its stages, ``(B, C, H, W)`` each.
        weights: Where its weights come from, in words, without the place of a file.
    """

    maps: nn.Module
    weights: str


def frozen_backbone(name: str, file: Path | None = None) -> Backbone:
    """Return a network in evaluation mode, none of whose weights can be trained.

    Args:
        name: One of ``BACKBONES``. The weights of EfficientNet-Lite0 come with the extra
            ``features``.
        file: Weights of a DenseNet: of ImageNet, or the model of a stage 1; None for random ones,
            which show what the architecture does by itself.

    Raises:
        OptionError: If the name is unknown, or the packages of the extra are missing.
        WeightsError: If the file is missing or does not fit.
    """
    if name not in BACKBONES:
        raise OptionError(f"backbone is {name!r}; it must be one of {', '.join(BACKBONES)}")
    if name == EFFICIENTNET:
        network, weights = imagenet_maps()
        found = Backbone(network, f"ImageNet ({weights})")
    else:
        found = _densenet(name, file)
    maps: Any = found.maps
    maps.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return found


def _densenet(name: str, file: Path | None) -> Backbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = build_densenet(name, channels=1, outputs=1)
    start_from_imagenet(network, name, "none" if file is None else str(file))
    return Backbone(DenseNetMaps(network), _in_words(file))


def _in_words(file: Path | None) -> str:
    if file is None:
        return "random weights"
    pretrained = read_backbone_info(file)
    return f"ImageNet ({file.name})" if pretrained is None else pretrained.start
