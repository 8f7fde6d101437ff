"""A small convolutional network that answers five questions about a thumbnail."""

from __future__ import annotations

import torch
from torch import Tensor, nn

INPUT_SIDE = 64
KINDS = ("frontal chest", "lateral chest", "something else")
TURNS = (0, 90, 180, 270)
"""Degrees by which an image is turned counter-clockwise."""

OUTPUTS = {"kind": len(KINDS), "turn": len(TURNS), "inverted": 1, "mirrored": 1, "cropped": 1}
"""Output neurons of each question, in the order of the last layer."""


class SuitabilityNetwork(nn.Module):
    """Four convolutions and two dense layers, 80 thousand parameters.

    The dense layer sees where features lie, which a mean over the image would hide: a turned
    chest has the same parts in other places.
    """

    def __init__(self) -> None:
        """Make the layers with PyTorch's random weights."""
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 16, 5, stride=2),
            nn.MaxPool2d(2),
            *_convolution(16, 32),
            nn.MaxPool2d(2),
            *_convolution(32, 48),
            *_convolution(48, 64),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.answer = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(64 * 16, 32), nn.ReLU(), nn.Linear(32, sum(OUTPUTS.values()))
        )

    def forward(self, thumbnails: Tensor) -> dict[str, Tensor]:
        """Return logits (B, outputs) of each of `OUTPUTS`.

        Args:
            thumbnails: (B, 1, 64, 64) float32, equalised to [0, 1].
        """
        logits = self.answer(self.features(thumbnails - 0.5))
        return dict(zip(OUTPUTS, logits.split(list(OUTPUTS.values()), dim=1), strict=True))


def scores(logits: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what speaks against each image, (B,) float32 in [0, 1] by question.

    ``other``: that it is no chest radiograph; ``lateral``; ``turned_90``, ``turned_180``,
    ``turned_270``; ``inverted``; ``mirrored``; ``cropped``.
    """
    kind = logits["kind"].softmax(1)
    turn = logits["turn"].softmax(1)
    answers = {"other": kind[:, 2], "lateral": kind[:, 1]}
    answers |= {f"turned_{degrees}": turn[:, i] for i, degrees in enumerate(TURNS) if degrees}
    return answers | {
        name: torch.sigmoid(logits[name][:, 0]) for name in ("inverted", "mirrored", "cropped")
    }


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
