"""Division that stays finite."""

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
    return denominator + torch.copysign(denominator.new_tensor(epsilon), denominator)


def share(output: Tensor, denominator: Tensor, epsilon: float) -> Tensor:
    """Return ``output / stabilise(denominator)``, and 0 where that would divide by 0."""
    if epsilon == 0:
        return torch.where(denominator == 0, 0.0, output / denominator)
    return output / stabilise(denominator, epsilon)
