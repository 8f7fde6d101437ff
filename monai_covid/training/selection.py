"""Choosing the best epoch, and when to stop looking for a better one."""

from __future__ import annotations

import logging
import math
from typing import Any

from ignite.engine import Engine, Events

logger = logging.getLogger(__name__)


MODEL_EPOCHS = ("best", "last")
"""Whose weights can become a run's model."""


class BestEpoch:
    """Keeps the best validation score, across interruptions, and stops the trainer early.

    An epoch is better if its score is strictly higher; a NaN score never is. The head phase
    competes for the best epoch but never stops a run: patience is counted in later epochs.

    Attributes:
        score: Best score so far; None before the first.
        epoch: Its epoch; 0 before the first.
        improved: Whether the last epoch was the best so far.
    """

    def __init__(
        self,
        validator: Engine | None = None,
        metric: str = "validation_auc",
        patience: int = 10,
        head_epochs: int = 0,
    ) -> None:
        """Watch ``metric`` of ``validator``; stop after ``patience`` epochs without improvement.

        A patience of 0 never stops a run. Without a validator no epoch is the best.
        """
        self.validator = validator
        self.metric = metric
        self.patience = patience
        self.head_epochs = head_epochs
        self.score: float | None = None
        self.epoch = 0
        self.improved = False
        self.stopped_early = False

    def attach(self, engine: Engine) -> None:
        """Judge each epoch of the trainer ``engine``; attach after its validation handler."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Judge the epoch that ended, if it was validated; stop the trainer if patience ran out."""
        self.improved = False
        if self.validator is None or self.validator.state.epoch != engine.state.epoch:
            return
        self.update(engine.state.epoch, float(self.validator.state.metrics[self.metric]))
        if self.patience and self.waited(engine.state.epoch) >= self.patience:
            logger.info("No better %s for %d epochs: stopping", self.metric, self.patience)
            self.stopped_early = True
            engine.terminate()

    def update(self, epoch: int, score: float) -> None:
        """Take the score of ``epoch`` into account."""
        self.improved = not math.isnan(score) and (self.score is None or score > self.score)
        if self.improved:
            self.score, self.epoch = score, epoch

    def waited(self, epoch: int) -> int:
        """Return the number of epochs after the head phase without improvement."""
        return epoch - max(self.epoch, self.head_epochs)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"score": self.score, "epoch": self.epoch, "stopped_early": self.stopped_early}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state``."""
        self.score, self.epoch = state["score"], state["epoch"]
        self.stopped_early = state["stopped_early"]
