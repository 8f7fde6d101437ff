"""What relevant regions are worth to the network: cover them and watch its output.

Region perturbation: Samek et al., IEEE Trans. Neural Netw. Learn. Syst. 28:2660-2673 (2017).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REGIONS = 16
STEPS = 16


class Flipping(NamedTuple):
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
def flip(
    network: nn.Module,
    images: Tensor,
    relevance: Tensor,
    targets: Tensor,
    *,
    regions: int = REGIONS,
    steps: int = STEPS,
    seed: int = 0,
) -> Flipping:
    """Cover an image region by region with mid-grey.

    Args:
        network: In evaluation mode; its classes exclude each other.
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
    curves = (
        _curve(network, images, each, targets, steps) for each in (rank, regions**2 - 1 - rank)
    )
    return Flipping(*curves)


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
        kept = (rank >= step * regions / steps).to(images)
        shown = images * F.interpolate(kept, size=images.shape[2:], mode="nearest")
        scores = network(shown).softmax(1)
        probabilities.append(scores.gather(1, targets[:, None])[:, 0])
    return torch.stack(probabilities, 1)
