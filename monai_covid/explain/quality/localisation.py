"""How much of a map lies where the truth is known to lie.

Arras, Osman & Samek, Information Fusion 81:14-40 (2022).
"""

from __future__ import annotations

import torch
from torch import Tensor


def mass_accuracy(relevance: Tensor, mask: Tensor) -> Tensor:
    """Return the share of the positive relevance that lies within a mask.

    Only what speaks for the class is counted: what speaks against it need not be a lesion.

    Args:
        relevance: ``(B, C, H, W)``; channels are added.
        mask: ``(B, H, W)`` boolean.

    Returns:
        ``(B,)`` in [0, 1]; NaN where the mask is empty or nothing is positive. A map that does not
        look at the image gets the mask's share of the area.
    """
    positive = relevance.sum(1).clamp(min=0)
    share = (positive * mask).sum((1, 2)) / positive.sum((1, 2))
    return _known(share, mask)


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
    found = [_hits(row, within) for row, within in zip(values, inside, strict=True)]
    return _known(torch.stack(found), mask)


def _hits(values: Tensor, inside: Tensor) -> Tensor:
    count = int(inside.sum())
    if not count:
        return values.new_tensor(float("nan"))
    last = values.topk(count).values[-1]
    above, level = values > last, values == last
    places = count - above.sum()
    return ((above & inside).sum() + places * (level & inside).sum() / level.sum()) / count


def _known(values: Tensor, mask: Tensor) -> Tensor:
    nothing = torch.full_like(values, float("nan"))
    return torch.where(mask.flatten(1).any(1), values, nothing)
