"""Learning curves, one row an epoch, as CSV."""

from __future__ import annotations

import csv
import io
import logging
import math
import time
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine, Events
from torch.optim import Optimizer

from monai_covid.data.files import write_text
from monai_covid.errors import DivergenceError
from monai_covid.training.optimizer import phase_of

logger = logging.getLogger(__name__)

RELEVANCE = "train_relevance_outside"
"""Metric of the trainer, and column of runs that are guided by relevance."""

COLUMNS = (
    "run",
    "epoch",
    "phase",
    "learning_rate",
    "train_loss",
    "validation_loss",
    "validation_auc",
    "validation_accuracy",
    "seconds",
    "images_per_second",
)


class LearningCurve:
    """Records each epoch of a trainer and keeps the CSV file up to date.

    The training loss is the mean over the epoch's images while the network changes; validation
    figures are those of the epoch's end. Times cover training without validation.

    Args:
        path: CSV file, rewritten whole after each epoch.
        run: Name of the run.
        optimizer: Its learning rate is recorded.
        validator: Evaluator whose metrics ``validation_*`` are recorded; None for a run without.
        head_epochs: Length of the head phase.
    """

    def __init__(
        self,
        path: Path,
        run: str,
        optimizer: Optimizer,
        validator: Engine | None = None,
        head_epochs: int = 0,
    ) -> None:
        """Start with no rows."""
        self.path = path
        self.run = run
        self.optimizer = optimizer
        self.validator = validator
        self.head_epochs = head_epochs
        self.rows: list[dict[str, Any]] = []
        self._started = 0.0
        self._trained = 0.0
        self._loss = 0.0
        self._images = 0

    def attach(self, engine: Engine) -> None:
        """Record the epochs of the trainer ``engine``; attach after its validation handler."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._iteration)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after the rows of ``state``."""
        self.rows = list(state["rows"])

    def _start(self, _: Engine) -> None:
        self._started = self._trained = time.perf_counter()
        self._loss, self._images = 0.0, 0

    def _iteration(self, engine: Engine) -> None:
        images = len(engine.state.output["image"])
        loss = engine.state.output["loss"].item()
        if not math.isfinite(loss):
            raise DivergenceError(
                f"the loss is {loss} in epoch {engine.state.epoch}: the run diverged; a smaller "
                "learning_rate is the usual cure"
            )
        self._loss += loss * images
        self._images += images
        self._trained = time.perf_counter()

    def __call__(self, engine: Engine) -> None:
        """Add the row of the epoch that ended."""
        seconds = self._trained - self._started
        images = idist.all_reduce(self._images)
        metrics = self._validation_metrics(engine.state.epoch)
        self.rows.append(
            {
                "run": self.run,
                "epoch": engine.state.epoch,
                "phase": phase_of(engine.state.epoch, self.head_epochs),
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "train_loss": idist.all_reduce(self._loss) / max(images, 1),
                **{name: metrics.get(name) for name in COLUMNS if name.startswith("validation_")},
                "seconds": seconds,
                "images_per_second": images / max(seconds, 1e-9),
                **_relevance(engine),
            }
        )
        if idist.get_rank() == 0:
            write_text(self.path, curve_csv(self.rows))
            logger.info("%s", epoch_line(self.rows[-1], engine.state.max_epochs))

    def _validation_metrics(self, epoch: int) -> dict[str, Any]:
        if self.validator is None or self.validator.state.epoch != epoch:
            return {}
        metrics: dict[str, Any] = self.validator.state.metrics
        return metrics


def _relevance(engine: Engine) -> dict[str, float]:
    share = engine.state.metrics.get(RELEVANCE)
    return {} if share is None else {RELEVANCE: share}


def epoch_line(row: dict[str, Any], max_epochs: int) -> str:
    """Return one line about an epoch, for the log."""
    parts = [
        f"epoch {row['epoch']}/{max_epochs} ({row['phase']})",
        f"train loss {row['train_loss']:.4f}",
    ]
    for name in ("validation_loss", "validation_auc", "validation_accuracy"):
        if row.get(name) is not None:
            parts.append(f"{name.replace('_', ' ')} {row[name]:.4f}")
    if row.get(RELEVANCE) is not None:
        parts.append(f"relevance outside the lungs {row[RELEVANCE]:.4f}")
    return ", ".join([*parts, f"{row['images_per_second']:.1f} images/s"])


def curve_csv(rows: list[dict[str, Any]]) -> str:
    """Return ``rows`` as CSV; numbers with 8 significant digits, missing values empty.

    There is a column for the relevance outside the lungs if any row has it.
    """
    text = io.StringIO()
    guided = any(row.get(RELEVANCE) is not None for row in rows)
    columns = (*COLUMNS, RELEVANCE) if guided else COLUMNS
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in columns})
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.8g}" if isinstance(value, float) else str(value)
