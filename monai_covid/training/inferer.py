"""Forward passes in reduced precision and in the memory layout that is fastest."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn

logger = logging.getLogger(__name__)

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


EMULATED = (
    "This processor has no bfloat16: PyTorch emulates it, about ten times slower than float32. "
    "Train with --precision float32 here."
)


@cache
def warn_if_emulated(device: str, precision: str) -> None:
    """Warn, once a process, where a precision is slower than float32 instead of faster."""
    if precision == "bfloat16" and device == "cpu" and not _has_bfloat16():
        logger.warning(EMULATED)


def _has_bfloat16() -> bool:
    """Return whether oneDNN, which computes the convolutions, has bfloat16 on this processor."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class PrecisionInferer(Inferer):
    """Runs the network under autocast where asked, and returns float32.

    MONAI's own mixed precision is for CUDA alone; bfloat16 autocast needs no gradient scaling and
    works on CPU too.
    """

    def __init__(self, precision: str = "float32") -> None:
        """Use ``float32`` or ``bfloat16``."""
        super().__init__()
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}; it must be one of {list(PRECISIONS)}")
        self.precision = precision

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Any:
        """Return the logits of ``inputs`` ``(B, C, H, W)``, or a list of what it returns."""
        warn_if_emulated(inputs.device.type, self.precision)
        reduced = self.precision != "float32"
        # Convolutions take channels-last inputs without reordering them layer by layer.
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(inputs.device.type, PRECISIONS[self.precision], enabled=reduced):
            outputs = network(inputs, *args, **kwargs)
        if isinstance(outputs, list):
            return [output.float() for output in outputs]
        return outputs.float()
