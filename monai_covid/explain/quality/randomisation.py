"""Whether a map hangs on what the network has learned.

Adebayo et al., *Sanity checks for saliency maps*, NeurIPS 2018: a map that stays the same when
weights are replaced by random ones does not explain the network.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Literal

import torch
from torch import Tensor, nn

Part = Literal["head", "all"]


def randomised(network: nn.Module, part: Part, seed: int = 0) -> nn.Module:
    """Return a copy with fresh random weights in its last layer or in all layers.

    Args:
        network: MONAI's DenseNet.
        part: ``head``: the last linear layer; ``all``: every layer, normalisations as well.
        seed: Seed of the weights.
    """
    copy = deepcopy(network)
    root = copy.get_submodule("class_layers.out") if part == "head" else copy
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in root.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                module.reset_parameters()
    return copy.eval()


def rank_correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return Spearman's rank correlation of maps, pixel by pixel.

    Args:
        one: ``(B, C, H, W)``; channels are added.
        other: Of the same shape.

    Returns:
        ``(B,)`` in [-1, 1]; NaN for a map that is the same everywhere.
    """
    a, b = (_centred_ranks(each.sum(1).flatten(1)) for each in (one, other))
    return (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()


def _centred_ranks(values: Tensor) -> Tensor:
    """Return ranks less their mean, float64; equal values share the mean of their ranks."""
    ranks = []
    for row in values:
        _, group, size = row.unique(return_inverse=True, return_counts=True)
        last = size.cumsum(0).double()
        ranks.append((last - (size - 1) / 2)[group])
    stacked = torch.stack(ranks)
    return stacked - stacked.mean(1, keepdim=True)
