"""Running a trainer to its end, and saying how it ended."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any, TypeVar

import ignite.distributed as idist
from monai.engines import Trainer

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.data.files import write_text
from monai_covid.errors import or_exit
from monai_covid.training.checkpoint import RunCheckpoint

logger = logging.getLogger(__name__)

INTERRUPTED = 130

T = TypeVar("T")


def handler_reference(handler: T) -> T:
    """Return ``handler``.

    MONAI's check of a config's properties takes every entry of ``train#handlers`` for a component
    of its own; this makes one of a handler that the config builds elsewhere.
    """
    return handler


def run_training(trainer: Trainer, checkpoint: RunCheckpoint) -> None:
    """Run ``trainer``, unless the run it continues is finished, and write the run's summary.

    Raises:
        SystemExit: With status 130 after Ctrl-C, and with a message for bad input.
    """
    if checkpoint.finished:
        logger.info("%s is finished: nothing to do", checkpoint.folder.path)
        # A run may have been killed between its last checkpoint and its summary.
        if not checkpoint.folder.summary.is_file():
            _write_summary(trainer, checkpoint)
        return
    if not trainer.state.epoch_length:
        raise SystemExit(
            "error: there are fewer training images than batch_size; give a smaller --batch_size"
        )
    try:
        or_exit(trainer.run)
    except KeyboardInterrupt:
        logger.warning("Interrupted in epoch %d. Continue with --resume True", trainer.state.epoch)
        raise SystemExit(INTERRUPTED) from None
    _write_summary(trainer, checkpoint)
    if idist.get_rank() == 0:
        _report(trainer, checkpoint)


def _report(trainer: Trainer, checkpoint: RunCheckpoint) -> None:
    best, model = checkpoint.best, checkpoint.folder.best
    if best.validator is None:
        logger.info("The model is that of the last epoch, %d: %s", trainer.state.epoch, model)
        return
    if best.score is None:
        logger.warning("No epoch has a validation AUC; the model is that of the last: %s", model)
        return
    reached = (best.score, best.epoch, trainer.state.epoch)
    if checkpoint.keeps_last:
        logger.info(
            "Best validation AUC %.4f in epoch %d of %d; the model is that of the last: %s",
            *reached,
            model,
        )
    else:
        logger.info("Best validation AUC %.4f in epoch %d of %d: %s", *reached, model)


def _write_summary(trainer: Trainer, checkpoint: RunCheckpoint) -> None:
    if idist.get_rank() == 0:
        summary = summarise(trainer, checkpoint)
        write_text(checkpoint.folder.summary, json.dumps(summary, indent=2) + "\n")


def summarise(trainer: Trainer, checkpoint: RunCheckpoint) -> dict[str, Any]:
    """Return what the run was and how it ended, as plain types."""
    return {
        "notice": RESEARCH_USE_ONLY,
        "monai_covid": __version__,
        "finished": checkpoint.finished,
        "stopped_early": checkpoint.best.stopped_early,
        "epochs": trainer.state.epoch,
        "max_epochs": trainer.state.max_epochs,
        "best_epoch": checkpoint.best.epoch,
        "best_validation_auc": checkpoint.best.score,
        "model": asdict(checkpoint.info),
        "settings": checkpoint.settings,
    }
