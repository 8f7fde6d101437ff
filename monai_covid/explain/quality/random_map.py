"""A control: maps that do not look at anything."""

from __future__ import annotations

import torch
from torch import Tensor

from monai_covid.explain.targets import Targets


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
