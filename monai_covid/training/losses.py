"""Losses whose mean over the global batch is the mean over the processes' means."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.data.class_balance import class_weights
from monai_covid.data.records import Datalist
from monai_covid.errors import OptionError
from monai_covid.models.model_file import ModelInfo


class BalancedCrossEntropy(nn.Module):
    """Cross-entropy in which each class has a weight.

    Unlike ``torch.nn.CrossEntropyLoss(weight=...)`` the sum is divided by the number of images, not
    by the sum of their weights: the loss of a batch is then the mean over its images whatever
    their classes, and splitting a batch among processes changes nothing.

    Args:
        class_weights: One weight a class; the mean over the training images should be 1.
        label_smoothing: Share of the target that is spread over all classes, in [0, 1).
    """

    def __init__(
        self, class_weights: Sequence[float] | None = None, label_smoothing: float = 0.0
    ) -> None:
        """Store the weights."""
        super().__init__()
        weights = None if class_weights is None else torch.as_tensor(class_weights).float()
        self.register_buffer("class_weights", weights)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean weighted loss.

        Args:
            logits: ``(B, C)``.
            labels: ``(B,)`` class indices.
        """
        losses = F.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.label_smoothing
        )
        if isinstance(self.class_weights, Tensor):
            losses = losses * self.class_weights.to(losses)[labels]
        return losses.mean()


class KnownBinaryCrossEntropy(nn.Module):
    """Binary cross-entropy over several labels, of which some may not be known.

    A target of NaN is not known and adds nothing. The sum is divided by the number of all targets:
    every known one then weighs the same in whichever batch, and splitting a batch among processes
    changes nothing. Where all are known, this is ``torch.nn.BCEWithLogitsLoss``, to the last bit.
    """

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss.

        Args:
            logits: ``(B, C)``.
            targets: ``(B, C)`` of 0, 1 and NaN.
        """
        known = ~targets.isnan()
        if known.all():
            return F.binary_cross_entropy_with_logits(logits, targets)
        losses = F.binary_cross_entropy_with_logits(
            logits, targets.nan_to_num(0.0), reduction="none"
        )
        return torch.where(known, losses, 0.0).mean()


def stage3_loss(
    training: Datalist,
    info: ModelInfo,
    balance: bool = True,
    label_smoothing: float = 0.0,
) -> BalancedCrossEntropy | KnownBinaryCrossEntropy:
    """Return the loss of stage 3 for a training datalist.

    Args:
        training: Items with a class index ``label``, or with one number a label.
        info: What the network is; its labels are the classes.
        balance: Whether to weight mutually exclusive classes by their inverse frequency.
        label_smoothing: Share of the target that is spread over all of them.

    Raises:
        OptionError: If a class has no image.
    """
    if info.multilabel:
        return KnownBinaryCrossEntropy()
    try:
        weights = class_weights(training, len(info.labels)) if balance else None
    except ValueError as error:
        raise OptionError(f"the classes cannot be balanced ({error}); raise --limit") from error
    return BalancedCrossEntropy(None if weights is None else weights.tolist(), label_smoothing)
