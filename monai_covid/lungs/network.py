"""A small U-Net with two answers: where the lung fields are, and whether this is a chest at all."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.lungs.prepare import CHANNELS

WIDTHS = (16, 24, 32, 48, 48)
"""Channels at 64, 32, 16, 8 and 4 pixels."""

FIELDS = 2
_GROUPS = 8


class LungNetwork(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) that works at half the resolution of its input.

    Group normalisation instead of batch normalisation: it has no statistics of the training set,
    from which real radiographs differ.
    """

    def __init__(self) -> None:
        """Make the layers, with random weights."""
        super().__init__()
        self.stem = _block(CHANNELS, WIDTHS[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_block(before, after, stride=2), _block(after, after))
            for before, after in pairwise(WIDTHS)
        )
        self.up = nn.ModuleList(
            _block(deep + shallow, shallow)
            for deep, shallow in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.fields = nn.Conv2d(WIDTHS[0], FIELDS, kernel_size=1)
        self.chest = nn.Sequential(
            nn.Linear(2 * WIDTHS[-1], WIDTHS[-1]), nn.ReLU(), nn.Linear(WIDTHS[-1], 1)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the fields (B, 2, N, N) and of being a chest (B,).

        Args:
            images: (B, 2, N, N), see `prepare`; N a multiple of 32.
        """
        levels = [self.stem(images)]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        deepest = levels[-1]
        summary = torch.cat([deepest.mean((2, 3)), deepest.amax((2, 3))], dim=1)
        result = deepest
        for layer, skipped in zip(self.up, levels[-2::-1], strict=True):
            larger = F.interpolate(result, scale_factor=2.0, mode="nearest")
            result = layer(torch.cat([larger, skipped], dim=1))
        logits = F.interpolate(self.fields(result), scale_factor=2.0, mode="bilinear")
        return logits, self.chest(summary)[:, 0]


def _block(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(_GROUPS, channels_out),
        nn.ReLU(),
    )
