"""How much of the relevance lies outside the lungs."""

from __future__ import annotations

from torch import Tensor

from monai_covid.explain import Composite, EpsilonZBox
from monai_covid.transforms import standardized_range

SMALL = 1e-6
"""Of a logit: keeps the share finite where no pixel is relevant."""


def outside_share(relevance: Tensor, lungs: Tensor) -> Tensor:
    """Return which share of each image's relevance lies outside the lungs, ``(B,)`` in [0, 1].

    ``Σ |R| (1 - lungs) / (Σ |R| + 1e-6)``: evidence against the class counts like evidence for it.
    In the spirit of the background loss of Bassi et al., Nature Communications 15:291 (2024), who
    scale maps by their mean, pool the background with larger values weighing more and take a
    cross-entropy, and who need a second loss to keep relevance from vanishing or growing in the
    foreground. A share depends on no scale, so it needs none; it is gentler where little relevance
    is left outside.

    Args:
        relevance: ``(B, C, H, W)``.
        lungs: ``(B, 1, H, W)`` in [0, 1].
    """
    size = relevance.abs().sum(1, keepdim=True)
    outside = (size * (1 - lungs)).sum((1, 2, 3))
    return outside / (size.sum((1, 2, 3)) + SMALL)


def guiding_rules(channels: int) -> Composite:
    """Return the rules by which training is guided, those of Bassi et al. (2024).

    Args:
        channels: Of the network's input, whose range the rule for pixels must know.
    """
    return EpsilonZBox(*standardized_range(channels))
