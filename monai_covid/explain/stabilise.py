"""Division that stays finite, and products that save memory."""

from __future__ import annotations

import torch
from torch import Tensor


def stabilise(denominator: Tensor, epsilon: float) -> Tensor:
    """Return ``denominator`` moved away from 0 by ``epsilon``, to the side it is on.

    Args:
        denominator: Any shape.
        epsilon: At least 0; zeros stay zeros only for 0.
    """
    if epsilon == 0:
        return denominator
    return denominator + torch.copysign(denominator.new_full((), epsilon), denominator)


def share(output: Tensor, denominator: Tensor, epsilon: float) -> Tensor:
    """Return ``output / stabilise(denominator)``, and 0 where that would divide by 0."""
    if epsilon == 0:
        # Inside as well, since the gradient of the branch not taken must not be NaN.
        divisor = torch.where(denominator == 0, 1.0, denominator)
        return torch.where(denominator == 0, 0.0, output / divisor)
    return output / stabilise(denominator, epsilon)


def multiplied(fresh: Tensor, factor: Tensor) -> Tensor:
    """Return ``fresh * factor``, written over ``fresh`` unless gradients flow through either."""
    if fresh.requires_grad or factor.requires_grad:
        return fresh * factor
    return fresh.mul_(factor)
