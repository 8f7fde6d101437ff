"""Metrics over all images of all processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.handlers import IgniteMetricHandler
from monai.metrics import CumulativeIterationMetric
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor

from monai_covid.errors import DivergenceError


class PooledMetric(CumulativeIterationMetric):
    """A function of all logits and targets of an epoch, gathered from all processes.

    Args:
        function: Takes logits ``(N, C)`` and targets ``(N,)`` or ``(N, C)``, returns a number.
    """

    def __init__(self, function: Callable[[Tensor, Tensor], float | Tensor]) -> None:
        """Store the function."""
        super().__init__()
        self.function = function

    def _compute_tensor(self, y_pred: Tensor, y: Tensor | None = None, **_: Any) -> Any:
        return y_pred.float(), y

    def aggregate(self, *_: Any, **__: Any) -> Tensor:
        """Return the function's value over everything collected since the last reset."""
        logits, targets = self.get_buffer()
        return torch.tensor(float(self.function(logits, targets)), dtype=torch.float64)


def pooled(function: Callable[[Tensor, Tensor], float | Tensor]) -> IgniteMetricHandler:
    """Return an Ignite metric that applies ``function`` to an epoch's logits and targets."""
    return IgniteMetricHandler(
        metric_fn=PooledMetric(function),
        output_transform=lambda output: (output["pred"], output["label"]),
        save_details=False,
    )


def macro_auc(logits: Tensor, targets: Tensor) -> float:
    """Return the mean one-vs-rest area under the ROC curve over the classes.

    Classes without positives or without negatives among the targets are left out, since their
    area is not defined.

    Args:
        logits: ``(N, C)``; class indices are scored by softmax, multi-label targets by the logit.
        targets: Class indices ``(N,)``, or 0/1 ``(N, C)``, NaN where it is not known.

    Returns:
        A value in [0, 1]; NaN when it is defined for no class.

    Raises:
        DivergenceError: If a logit is not finite.
    """
    scores = logits.float().cpu()
    if not scores.isfinite().all():
        raise DivergenceError(
            "the network's outputs are not finite: the run diverged; a smaller learning_rate is "
            "the usual cure"
        )
    if targets.ndim == 1:
        scores = scores.softmax(1)
        targets = torch.nn.functional.one_hot(targets.long().cpu(), scores.shape[1])
    areas = [
        roc_auc_score(truth, score)
        for truth, score in map(_known, targets.cpu().T, scores.T)
        if 0 < truth.sum() < len(truth)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _known(targets: Tensor, scores: Tensor) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return truth and scores of the images whose target is known."""
    known = ~targets.isnan()
    return targets[known].numpy() > 0.5, scores[known].numpy()


def accuracy(logits: Tensor, targets: Tensor) -> float:
    """Return the share of images whose largest logit is their class's.

    Of labels that do not exclude each other: the share of labels that are told right at a
    probability of 0.5, those that are not known left out.

    Args:
        logits: ``(N, C)``.
        targets: Class indices ``(N,)``, or 0, 1 and NaN ``(N, C)``.
    """
    if targets.ndim == 2:
        known = ~targets.isnan()
        return ((logits > 0) == (targets > 0.5))[known].float().mean().item()
    return (logits.argmax(1) == targets).float().mean().item()
