"""What a relevance map is worth: three measures, and random maps as a control.

Faithfulness: regions are covered and the network's output is watched (Samek et al., IEEE Trans.
Neural Netw. Learn. Syst. 28:2660-2673, 2017). Localisation: the share of the relevance that lies
where the truth is known to lie (Arras, Osman & Samek, Information Fusion 81:14-40, 2022).
Randomisation: a map that stays the same when weights are replaced by random ones does not explain
the network (Adebayo et al., *Sanity checks for saliency maps*, NeurIPS 2018).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from monai_covid.explain.explainer import Targets

REGIONS = 16
STEPS = 16
Part = Literal["head", "all"]


class FlippingCurves(NamedTuple):
    """Probability of the class while more and more of an image is covered.

    Attributes:
        most_first: ``(B, steps + 1)``, covered from the most relevant region on.
        least_first: The same from the least relevant region on.
    """

    most_first: Tensor
    least_first: Tensor

    def faithfulness(self) -> Tensor:
        """Return the area between the curves, ``(B,)`` in [-1, 1]; about 0 for a random map."""
        return _area(self.least_first) - _area(self.most_first)


def _area(curve: Tensor) -> Tensor:
    return torch.trapezoid(curve, dx=1 / (curve.shape[1] - 1), dim=1)


@torch.no_grad()
def pixel_flipping(
    network: nn.Module,
    images: Tensor,
    relevance: Tensor,
    targets: Tensor,
    *,
    regions: int = REGIONS,
    steps: int = STEPS,
    seed: int = 0,
) -> FlippingCurves:
    """Cover an image region by region with mid-grey.

    Args:
        network: In evaluation mode; its classes are mutually exclusive.
        images: ``(B, C, H, W)``, standardised, so that 0 is mid-grey.
        relevance: ``(B, C, H, W)``; regions are ranked by their mean.
        targets: Class whose probability is watched, ``(B,)``.
        regions: Regions along each side; at most as many as pixels.
        steps: Steps from the whole image to none of it.
        seed: Of the order among regions that are equally relevant.

    Raises:
        ValueError: If a number does not fit.
    """
    if not 1 <= regions <= min(images.shape[2:]) or not 1 <= steps <= regions**2:
        raise ValueError(
            f"regions {regions} and steps {steps} do not fit images of {tuple(images.shape[2:])}"
        )
    means = F.adaptive_avg_pool2d(relevance.sum(1), regions).flatten(1)
    rank = _ranks(means, seed).reshape(-1, 1, regions, regions)
    orders = (rank, regions**2 - 1 - rank)
    return FlippingCurves(*(_curve(network, images, order, targets, steps) for order in orders))


def _ranks(values: Tensor, seed: int) -> Tensor:
    """Return the rank of each value in its row, the largest first, equal ones in random order."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.rand(values.shape, generator=generator).argsort(1).to(values.device)
    order = values.gather(1, shuffled).argsort(dim=1, descending=True, stable=True)
    return shuffled.gather(1, order).argsort(1)


def _curve(network: nn.Module, images: Tensor, rank: Tensor, targets: Tensor, steps: int) -> Tensor:
    """Return the probabilities ``(B, steps + 1)``; the region of ``rank`` 0 is covered first."""
    regions = rank[0].numel()
    probabilities = []
    for step in range(steps + 1):
        uncovered = (rank >= step * regions / steps).to(images)
        covered_images = images * F.interpolate(uncovered, size=images.shape[2:], mode="nearest")
        scores = network(covered_images).softmax(1)
        probabilities.append(scores.gather(1, targets[:, None])[:, 0])
    return torch.stack(probabilities, 1)


def mass_accuracy(relevance: Tensor, mask: Tensor) -> Tensor:
    """Return the share of the positive relevance that lies within a mask.

    Only relevance for the class is counted: what is against it need not be a lesion.

    Args:
        relevance: ``(B, C, H, W)``; channels are added.
        mask: ``(B, H, W)`` boolean.

    Returns:
        ``(B,)`` in [0, 1]; NaN where the mask is empty or nothing is positive. A map that does not
        look at the image gets the mask's share of the area.
    """
    positive = relevance.sum(1).clamp(min=0)
    share = (positive * mask).sum((1, 2)) / positive.sum((1, 2))
    return _where_defined(share, mask)


def rank_accuracy(relevance: Tensor, mask: Tensor) -> Tensor:
    """Return the part of the K most relevant pixels that lies within a mask of K pixels.

    Args:
        relevance: ``(B, C, H, W)``; channels are added.
        mask: ``(B, H, W)`` boolean.

    Returns:
        ``(B,)`` in [0, 1]; NaN where the mask is empty. Pixels that are as relevant as the last of
        the K count in part, so that the order of equal pixels does not matter.
    """
    values, inside = relevance.sum(1).flatten(1), mask.flatten(1)
    shares = [_hits(row, within) for row, within in zip(values, inside, strict=True)]
    return _where_defined(torch.stack(shares), mask)


def _hits(values: Tensor, inside: Tensor) -> Tensor:
    count = int(inside.sum())
    if not count:
        return values.new_tensor(float("nan"))
    last = values.topk(count).values[-1]
    above, level = values > last, values == last
    places = count - above.sum()
    return ((above & inside).sum() + places * (level & inside).sum() / level.sum()) / count


def _where_defined(values: Tensor, mask: Tensor) -> Tensor:
    nothing = torch.full_like(values, float("nan"))
    return torch.where(mask.flatten(1).any(1), values, nothing)


class RandomMap:
    """Independent normal values, on the interface of the methods.

    Args:
        seed: Seed of all maps.
    """

    def __init__(self, seed: int = 0) -> None:
        """Start the sequence of maps."""
        self._generator = torch.Generator().manual_seed(seed)

    def attribute(
        self, inputs: Tensor, target: Targets | None = None, *, contrast: bool = False
    ) -> Tensor:
        """Return values of the shape of ``inputs``; the others are not looked at."""
        return torch.randn(inputs.shape, generator=self._generator).to(inputs)


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


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Spearman's rank correlation of maps, pixel by pixel.

    Args:
        first: ``(B, C, H, W)``; channels are added.
        second: Of the same shape.

    Returns:
        ``(B,)`` in [-1, 1]; NaN for a map that is the same everywhere.
    """
    a, b = (_centred_ranks(maps.sum(1).flatten(1)) for maps in (first, second))
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
