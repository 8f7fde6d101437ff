"""From logits to probabilities, as postprocessing of training, validation and inference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from monai.transforms import MapTransform


class ProbabilityFromLogitsd(MapTransform):
    """Adds the probabilities of a batch of logits under ``probability``.

    Args:
        keys: Key of the logits ``(B, C)``.
        multilabel: Sigmoid of each logit (True), or softmax over the classes (False).
    """

    def __init__(self, keys: str = "pred", multilabel: bool = False) -> None:
        """Choose softmax or sigmoid."""
        super().__init__(keys)
        self.multilabel = multilabel

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``data`` with ``probability`` ``(B, C)`` in [0, 1]."""
        result = dict(data)
        for key in self.key_iterator(result):
            logits = result[key].detach().float()
            result["probability"] = (
                torch.sigmoid(logits) if self.multilabel else torch.softmax(logits, dim=1)
            )
        return result
