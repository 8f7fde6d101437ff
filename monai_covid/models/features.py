"""Frozen networks whose feature maps are taken as they are, and numbers that sum the maps up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from monai.networks.nets import DenseNet
from torch import Tensor, nn

from monai_covid.errors import OptionError
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.efficientnet import (
    EFFICIENTNET,
    EfficientNetLite,
    build_efficientnet,
    imagenet_efficientnet,
)
from monai_covid.models.imagenet import start_from_imagenet
from monai_covid.models.loading import load_backbone
from monai_covid.models.model_file import read_backbone_info
from monai_covid.preprocessing.normalise import GREY_DEVIATION, GREY_MEAN, grey_values

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
        backbone = Backbone(network, f"ImageNet ({weights})")
    else:
        backbone = _densenet(name, file)
    maps: Any = backbone.maps
    maps.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return backbone


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
        maps: list[Tensor] = []
        for name, layer in self.features.named_children():
            values = layer(values)
            if name.startswith("denseblock"):
                maps.append(values)
        return [*maps[:-1], values.relu()]


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
    """Return the maps of the ImageNet-pretrained network, and the name of its weights file.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        WeightsError: If the file cannot be read.
    """
    state, file = imagenet_efficientnet()
    with torch.random.fork_rng(devices=[]):  # it draws weights first
        network = build_efficientnet()
    load_backbone(network, state)
    return EfficientNetMaps(network), file


def pooled(maps: Sequence[Tensor]) -> Tensor:
    """Return mean and standard deviation of each feature map over its positions.

    Args:
        maps: ``(B, C, H, W)`` of each stage.

    Returns:
        ``(B, F)`` float32; stage after stage, its means, then its deviations.
    """
    parts = []
    for stage in maps:
        flat = stage.float().flatten(2)
        parts += [flat.mean(2), flat.std(2, correction=0)]
    return torch.cat(parts, dim=1)


MOST_CHANNELS = 128
"""Maps of more channels are left out: their numbers grow with the square."""

FLOOR = 1e-3
"""Least variance along any direction, as a share of the mean one; logarithms need one."""


def log_covariances(maps: Sequence[Tensor]) -> Tensor:
    """Return the logarithm of the covariance matrix of each stage's feature maps.

    The covariance over all positions of an image says which textures it is made of, and not where.
    Its matrix logarithm lets covariance matrices be added and compared as vectors are (V. Arsigny
    et al., Magn. Reson. Med. 56:411-421, 2006); elements off the diagonal count twice, so that
    distances are those of matrices.

    Args:
        maps: ``(B, C, H, W)`` of each stage; those of more than MOST_CHANNELS are left out.

    Returns:
        ``(B, F)`` float64, of C (C + 1) / 2 numbers a stage.

    Raises:
        ValueError: If all maps have more channels.
    """
    narrow = [stage for stage in maps if stage.shape[1] <= MOST_CHANNELS]
    if not narrow:
        raise ValueError(f"no feature maps of {MOST_CHANNELS} channels or fewer")
    return torch.cat([_as_vectors(_logarithms(_covariances(stage))) for stage in narrow], dim=1)


def _covariances(maps: Tensor) -> Tensor:
    values = maps.flatten(2).float()
    centred = values - values.mean(2, keepdim=True)
    return (centred @ centred.transpose(1, 2)).double() / values.shape[2]


def _logarithms(matrices: Tensor) -> Tensor:
    variances, directions = torch.linalg.eigh(matrices)
    variances = variances.clamp_min(0)
    # An image of one grey value has no variance at all.
    floor = (FLOOR * variances.mean(1, keepdim=True)).clamp_min(torch.finfo(torch.float32).tiny)
    scaled = directions * (variances + floor).log()[:, None]
    logarithms: Tensor = scaled @ directions.transpose(1, 2)
    return logarithms


def _as_vectors(matrices: Tensor) -> Tensor:
    rows, columns = torch.triu_indices(*matrices.shape[1:], device=matrices.device)
    twice = torch.where(rows == columns, 1.0, 2**0.5).double()
    return matrices[:, rows, columns] * twice
