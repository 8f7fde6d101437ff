"""What is explained: which logit of which image, alone or against the others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Targets = int | Sequence[int] | Tensor


def check_targets(target: Targets | None, images: int, classes: int) -> list[int]:
    """Return the class of each image.

    Args:
        target: One class for all images, or one for each; None only where there is one class.
        images: Number of images.
        classes: Number of logits.

    Raises:
        ValueError: If there are not as many as images, or one is out of range.
    """
    if target is None:
        if classes != 1:
            raise ValueError(f"the network has {classes} outputs: say which with target")
        target = 0
    chosen = torch.as_tensor(target)
    if chosen.dtype.is_floating_point or chosen.dtype == torch.bool:
        raise ValueError(f"target must be whole numbers, got {target!r}")
    if chosen.ndim == 0:
        chosen = chosen.expand(images)
    if chosen.shape != (images,):
        raise ValueError(f"target has the shape {tuple(chosen.shape)}, expected ({images},)")
    classes_chosen: list[int] = chosen.tolist()
    wrong = sorted({each for each in classes_chosen if not 0 <= each < classes})
    if wrong:
        raise ValueError(f"target {wrong} is out of range: the network has {classes} outputs")
    return classes_chosen


def start(targets: Sequence[int], logits: Tensor, *, contrast: bool) -> Tensor:
    """Return ``g`` of the logits, ``(B, L)``.

    Args:
        targets: Class of each image.
        logits: ``(B, L)``.
        contrast: Explain the logit less the mean of the others, instead of the logit alone.
    """
    chosen = torch.zeros_like(logits)
    chosen[range(len(targets)), list(targets)] = 1.0
    if not contrast:
        return chosen
    return chosen - (1.0 - chosen) / (logits.shape[1] - 1)
