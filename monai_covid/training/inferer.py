"""Forward passes in reduced precision and in the memory layout that is fastest."""

from __future__ import annotations

from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class PrecisionInferer(Inferer):
    """Runs the network under autocast where asked, and returns float32.

    MONAI's own mixed precision is for CUDA alone; bfloat16 autocast needs no gradient scaling and
    works on processors too.
    """

    def __init__(self, precision: str = "float32") -> None:
        """Use ``float32`` or ``bfloat16``."""
        super().__init__()
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}; it must be one of {list(PRECISIONS)}")
        self.precision = precision

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Any:
        """Return the logits of ``inputs`` ``(B, C, H, W)``, or a list of what it returns."""
        reduced = self.precision != "float32"
        # Convolutions take channels-last inputs without reordering them layer by layer.
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(inputs.device.type, PRECISIONS[self.precision], enabled=reduced):
            found = network(inputs, *args, **kwargs)
        return [one.float() for one in found] if isinstance(found, list) else found.float()
