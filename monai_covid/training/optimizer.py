"""The optimizers that a stage can be trained with."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

SGD, ADAMW = "sgd", "adamw"
OPTIMIZERS = (SGD, ADAMW)


def make_optimizer(
    params: Iterable[nn.Parameter],
    name: str = SGD,
    *,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Return an optimizer.

    Args:
        params: What is trained.
        name: ``sgd`` or ``adamw`` (I. Loshchilov and F. Hutter, "Decoupled Weight Decay
            Regularization", ICLR 2019), whose steps do not depend on the scale of the gradients.
        lr: Learning rate; a good one of AdamW is tens of times smaller.
        momentum: Of SGD; AdamW keeps PyTorch's own 0.9 and 0.999.
        weight_decay: Of both.

    Raises:
        ValueError: If the name is unknown.
    """
    if name == SGD:
        return torch.optim.SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay)
    if name == ADAMW:
        return torch.optim.AdamW(params, lr=lr, weight_decay=weight_decay)
    raise ValueError(f"optimizer_name is {name!r}; it must be one of {', '.join(OPTIMIZERS)}")
