"""From logits to probabilities: the one place where it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from monai.transforms import MapTransform
from torch import Tensor


def probabilities_of(
    logits: Tensor,
    *,
    multilabel: bool,
    temperature: float = 1.0,
    operating_points: Sequence[float] | None = None,
) -> Tensor:
    """Return calibrated probabilities.

    A temperature of 1 changes no bit. Order and most probable class are the same at every
    temperature (Guo et al., On calibration of modern neural networks, ICML 2017).

    Args:
        logits: ``(B, C)``.
        multilabel: Sigmoid of each logit (True), or softmax over the classes (False).
        temperature: What the logits are divided by, above 0; ``ModelInfo.temperature``.
        operating_points: Of each label the probability that becomes 0.5, in (0, 1); what lies below
            and above is scaled linearly (TorchXRayVision's ``op_norm``). None: nothing is changed.

    Returns:
        ``(B, C)`` float32 in [0, 1].

    Raises:
        ValueError: If the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature!r}, must be above 0")
    scaled = logits.float() / temperature
    values = torch.sigmoid(scaled) if multilabel else torch.softmax(scaled, dim=1)
    if operating_points is None:
        return values
    points = torch.tensor(operating_points, dtype=values.dtype, device=values.device)
    below, above = values / (2 * points), 1 - (1 - values) / (2 * (1 - points))
    return torch.where(values < points, below, above)


class ProbabilityFromLogitsd(MapTransform):
    """Adds the probabilities of a batch of logits under ``probability``.

    Args:
        keys: Key of the logits ``(B, C)``.
        multilabel: Sigmoid of each logit (True), or softmax over the classes (False).
        temperature: What the logits are divided by, above 0; ``ModelInfo.temperature``.
        operating_points: ``ModelInfo.operating_points``.
    """

    def __init__(
        self,
        keys: str = "pred",
        multilabel: bool = False,
        temperature: float = 1.0,
        operating_points: Sequence[float] | None = None,
    ) -> None:
        """Choose softmax or sigmoid."""
        super().__init__(keys)
        self.multilabel = multilabel
        self.temperature = temperature
        self.operating_points = operating_points

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``data`` with ``probability`` ``(B, C)`` in [0, 1]."""
        result = dict(data)
        for key in self.key_iterator(result):
            result["probability"] = probabilities_of(
                result[key].detach(),
                multilabel=self.multilabel,
                temperature=self.temperature,
                operating_points=self.operating_points,
            )
        return result
