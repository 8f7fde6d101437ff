"""Numbers that stand for an image: what its feature maps are like on average."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def pooled(maps: Sequence[Tensor]) -> Tensor:
    """Return mean and standard deviation of each feature map over its positions.

    Args:
        maps: ``(B, C, H, W)`` of each stage.

    Returns:
        ``(B, F)`` float32; stage after stage, its means, then its deviations.
    """
    parts = []
    for one in maps:
        flat = one.float().flatten(2)
        parts += [flat.mean(2), flat.std(2, correction=0)]
    return torch.cat(parts, dim=1)
