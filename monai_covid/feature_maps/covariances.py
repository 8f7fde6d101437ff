"""Numbers that stand for an image: how its feature maps vary together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

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
    few = [one for one in maps if one.shape[1] <= MOST_CHANNELS]
    if not few:
        raise ValueError(f"no feature maps of {MOST_CHANNELS} channels or fewer")
    return torch.cat([_as_vectors(_logarithms(_covariances(one))) for one in few], dim=1)


def _covariances(maps: Tensor) -> Tensor:
    values = maps.flatten(2).float()
    centred = values - values.mean(2, keepdim=True)
    return (centred @ centred.transpose(1, 2)).double() / values.shape[2]


def _logarithms(matrices: Tensor) -> Tensor:
    variances, directions = torch.linalg.eigh(matrices)
    variances = variances.clamp_min(0)
    # An image of one grey value has no variance at all.
    floor = (FLOOR * variances.mean(1, keepdim=True)).clamp_min(torch.finfo(torch.float32).tiny)
    found: Tensor = (directions * (variances + floor).log()[:, None]) @ directions.transpose(1, 2)
    return found


def _as_vectors(matrices: Tensor) -> Tensor:
    rows, columns = torch.triu_indices(*matrices.shape[1:], device=matrices.device)
    twice = torch.where(rows == columns, 1.0, 2**0.5).double()
    return matrices[:, rows, columns] * twice
