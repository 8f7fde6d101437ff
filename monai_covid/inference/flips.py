"""Probabilities averaged over an image and its mirror image."""

from __future__ import annotations

import math
from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn
from torch.nn import functional as F

FLIPS_REMARK = "Probabilities are means over each image and its mirror image."
"""What a report says of it."""


def mean_logits(
    logits: Tensor, mirrored: Tensor, *, multilabel: bool, temperature: float = 1.0
) -> Tensor:
    """Return logits whose probabilities are the mean of the probabilities of two.

    They go through everything that takes logits: dividing them by ``temperature`` and a softmax, or
    sigmoid, gives the mean of what the two give that way.

    Args:
        logits: ``(B, C)`` of images.
        mirrored: ``(B, C)`` of their mirror images.
        multilabel: Whether probabilities are sigmoids (True) or softmaxes.
        temperature: What logits are divided by before, above 0.

    Returns:
        ``(B, C)`` float32.
    """
    both = torch.stack([logits, mirrored]).float() / temperature
    if not multilabel:
        mean: Tensor = torch.logsumexp(both.log_softmax(dim=2), dim=0) - math.log(2)
        return mean * temperature
    # The two terms that would take log 2 off both cancel out.
    yes, no = torch.logsumexp(F.logsigmoid(torch.stack([both, -both])), dim=1)
    odds: Tensor = yes - no
    return odds * temperature


class FlippingInferer(Inferer):
    """Lets another inferer see images and their mirror images, and averages the probabilities.

    Args:
        inferer: What gives logits.
        flips: Whether mirror images are seen at all.
        multilabel: Whether probabilities are sigmoids (True) or softmaxes.
        temperature: What logits are divided by before they become probabilities.
    """

    def __init__(
        self,
        inferer: Inferer,
        flips: bool = False,
        *,
        multilabel: bool = False,
        temperature: float = 1.0,
    ) -> None:
        """Take the inferer."""
        super().__init__()
        self.inferer = inferer
        self.flips = flips
        self.multilabel = multilabel
        self.temperature = temperature

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """Return logits ``(B, C)`` of ``inputs`` ``(B, channels, H, W)``."""
        logits: Tensor = self.inferer(inputs, network, *args, **kwargs)
        if not self.flips:
            return logits
        mirrored: Tensor = self.inferer(inputs.flip(-1), network, *args, **kwargs)
        return mean_logits(
            logits, mirrored, multilabel=self.multilabel, temperature=self.temperature
        )
