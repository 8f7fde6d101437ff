"""The handlers that every stage's trainer and evaluator have, in the order that they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import ignite.distributed as idist
from ignite.engine import Engine
from ignite.handlers import ProgressBar
from monai.handlers import LrScheduleHandler, TensorBoardStatsHandler, ValidationHandler
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from monai_covid.training.budget import TimeBudget
from monai_covid.training.checkpoint import RunCheckpoint
from monai_covid.training.relevance_guidance import RelevanceGuidance
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.tracking import MLflowTracking
from monai_covid.training.weight_average import WeightAverage


class Handler(Protocol):
    """What can be attached to an engine."""

    def attach(self, engine: Engine) -> Any:
        """Attach to ``engine``."""


class Handlers:
    """Several handlers as one.

    Attributes:
        members: The handlers; events reach them in this order.
    """

    def __init__(self, members: Sequence[Handler]) -> None:
        """Take the handlers."""
        self.members = tuple(members)

    def attach(self, engine: Engine) -> None:
        """Attach all of them to ``engine``."""
        for member in self.members:
            member.attach(engine)


def training_handlers(
    checkpoint: RunCheckpoint,
    lr_scheduler: LRScheduler,
    average: WeightAverage,
    *,
    validator: Engine | None = None,
    val_interval: int = 1,
    progress: bool = True,
    mlflow: str | None = None,
    minutes: float | None = None,
) -> Handlers:
    """Return a trainer's handlers, from the average of the weights to the time budget.

    Each epoch is validated first, then recorded and judged, then saved, and the budget comes last.

    Args:
        checkpoint: Saves the run; it has the learning curve and the choice of an epoch.
        lr_scheduler: Sets the learning rate of each epoch.
        average: Follows the weights.
        validator: Evaluator of the validation images; None for a run without.
        val_interval: Epochs between validations.
        progress: Whether to show a progress bar.
        mlflow: Tracking URI of MLflow, or None.
        minutes: Time budget, or None.
    """
    folder, first = checkpoint.folder, idist.get_rank() == 0
    tracking = MLflowTracking(mlflow, folder.path.name, checkpoint.settings)
    board = (
        TensorBoardStatsHandler(
            log_dir=str(folder.events), tag_name="train_loss", output_transform=_loss
        )
        if first
        else None
    )
    members = [
        average,
        ProgressBar(desc="Training") if progress and first else None,
        ValidationHandler(val_interval, validator) if validator is not None else None,
        checkpoint.curve,
        checkpoint.best,
        LrScheduleHandler(lr_scheduler, print_lr=False),
        board,
        tracking,
        checkpoint,
        TimeBudget(minutes),
    ]
    return Handlers([member for member in members if member is not None])


def validation_handlers(folder: RunFolder, *, mlflow: str | None = None) -> Handlers:
    """Return the handlers of the evaluator of the validation images.

    Args:
        folder: Of the run.
        mlflow: Tracking URI of MLflow, or None.
    """
    tracking = MLflowTracking(mlflow, folder.path.name)
    if idist.get_rank() > 0:
        return Handlers([tracking])
    board = TensorBoardStatsHandler(log_dir=str(folder.events), iteration_log=False)
    return Handlers([board, tracking])


def relevance_guidance(
    network: nn.Module,
    *,
    relevance_weight: float,
    relevance_every: int,
    relevance_images: int,
    head_epochs: int,
) -> RelevanceGuidance:
    """Return the handler that guides a trainer to the lungs; attach it before the others.

    Args:
        network: DenseNet, without any wrapper.
        relevance_weight: Weight of the penalty; 0 for none.
        relevance_every: Only each such step is penalised.
        relevance_images: Images of a batch that are penalised, at most.
        head_epochs: Length of the head phase.
    """
    return RelevanceGuidance(
        network,
        relevance_weight,
        every=relevance_every,
        images=relevance_images,
        head_epochs=head_epochs,
    )


def _loss(output: dict[str, Any]) -> Any:
    return output["loss"]
