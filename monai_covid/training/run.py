"""A run from its first check to its summary."""

from __future__ import annotations

import json
import logging
from typing import Any

import ignite.distributed as idist
import torch
from ignite.engine import Engine
from monai.engines import Trainer
from monai.utils import set_determinism

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.data.files import write_text
from monai_covid.errors import or_exit
from monai_covid.models.device import disable_malloc_trim
from monai_covid.models.model_file import ModelInfo, info_fields
from monai_covid.preprocessing.prepare import check_preprocessing
from monai_covid.training.checkpoint import RunCheckpoint
from monai_covid.training.dataset import RadiographDataset
from monai_covid.training.processes import join_processes
from monai_covid.training.relevance_guidance import check_relevance
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.tracking import check_mlflow

logger = logging.getLogger(__name__)

INTERRUPTED = 130


def set_up(
    info: ModelInfo,
    torch_device: torch.device,
    *,
    seed: int,
    mlflow: str | None = None,
    distributed: bool = False,
    relevance_weight: float = 0.0,
) -> None:
    """Check that what a run needs is there, meet the other processes, fix the random numbers.

    Args:
        info: What is trained.
        torch_device: Where this process computes.
        seed: Of everything random.
        mlflow: Tracking URI of MLflow, or None.
        distributed: Whether the run is for several processes.
        relevance_weight: Of the penalty on relevance outside the lungs.

    Raises:
        OptionError: If a package is missing, or the penalty cannot be used.
        SystemExit: As of `join_processes`.
    """
    check_preprocessing(info.preprocessing)
    join_processes(distributed, torch_device)
    check_relevance(relevance_weight, info.architecture)
    check_mlflow(mlflow)
    disable_malloc_trim()
    set_determinism(seed=seed)


def check_folder(folder: RunFolder) -> None:
    """Check that the run may begin. Nothing of an earlier one is replaced before `open_folder`."""
    folder.check()


def prepare_images(*datasets: RadiographDataset) -> None:
    """Fill the caches of ``datasets``, which shows whether every image can be read."""
    for dataset in datasets:
        dataset.prepare()


def open_folder(folder: RunFolder) -> None:
    """Make the run's folder ready, before anything is built that writes to it."""
    folder.open()


def resume(checkpoint: RunCheckpoint, trainer: Engine) -> None:
    """Go on with the run in the folder if that was asked for."""
    checkpoint.restore(trainer)


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
        "model": info_fields(checkpoint.info),
        "settings": checkpoint.settings,
    }
