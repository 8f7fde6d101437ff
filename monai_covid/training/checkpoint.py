"""Saving a run after every epoch so that it continues as if it had not been interrupted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol, cast

import ignite.distributed as idist
import torch
from ignite.engine import Engine, Events
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from monai_covid.data.files import atomic_path
from monai_covid.errors import RunFolderError
from monai_covid.models.loading import read_torch_file
from monai_covid.models.model_file import ModelInfo, info_fields, info_from_fields, save_model
from monai_covid.training.curve import LearningCurve
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.selection import MODEL_EPOCHS, BestEpoch
from monai_covid.training.weight_average import WeightAverage

logger = logging.getLogger(__name__)


class Stateful(Protocol):
    """What has a state that can be saved."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Restore the state."""


class RunCheckpoint:
    """Writes the best model and, after each whole epoch, all that is needed to continue.

    Random numbers are functions of seed, epoch and image (see ``dataset`` and ``sampling``), so no
    generator state is kept. The best model is written before ``last.pt``: a run killed between
    the two repeats the epoch and writes the same best model again.

    Args:
        folder: Where to write.
        network: The network, without any wrapper.
        info: What the network is.
        best: Which epoch is the best; attach this handler after it.
        parts: Further objects with a state, by name (optimizer, lr_scheduler).
        curve: The learning curve; None for a run without.
        settings: Options that must not change when the run is continued.
        average: Average of the network's weights; where there is one, it is the model that is kept.
        model_epoch: Whose weights become the model: of the ``best`` validated epoch, or of the
            ``last`` one. With few validation images the best epoch is a lucky one, often early.

    Raises:
        ValueError: ``model_epoch`` is neither.
    """

    def __init__(
        self,
        folder: RunFolder,
        network: nn.Module,
        info: ModelInfo,
        *,
        best: BestEpoch,
        parts: Mapping[str, Stateful],
        curve: LearningCurve | None = None,
        settings: Mapping[str, Any] | None = None,
        average: WeightAverage | None = None,
        model_epoch: str = "best",
    ) -> None:
        """Note what to save."""
        if model_epoch not in MODEL_EPOCHS:
            known = ", ".join(MODEL_EPOCHS)
            raise ValueError(f"model_epoch is {model_epoch!r}; it must be one of {known}")
        self.keeps_last = model_epoch == "last"
        self.folder = folder
        self.network = network
        self.info = info
        self.best = best
        self.curve = curve
        self.parts = {**parts, **({} if curve is None else {"curve": curve})}
        self.model = network
        if average is not None and average.decay:
            self.model = average.validated(network)
            self.parts["average"] = average
        self.settings = {name: _plain(value) for name, value in (settings or {}).items()}
        self.finished = False

    def attach(self, engine: Engine) -> None:
        """Save at the end of each epoch of the trainer ``engine``."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Save the epoch that ended."""
        done = engine.state.epoch >= engine.state.max_epochs or self.best.stopped_early
        self.finished = done
        if idist.get_rank() > 0:
            return
        # While no epoch has a score, the latest is the best there is.
        if self.keeps_last or self.best.improved or self.best.score is None:
            save_model(self.folder.best, self.model.state_dict(), self.info)
        state = {
            "epoch": engine.state.epoch,
            "iteration": engine.state.iteration,
            "finished": done,
            "settings": self.settings,
            "info": info_fields(self.info),
            "network": self.network.state_dict(),
            "best": self.best.state_dict(),
            **{name: part.state_dict() for name, part in self.parts.items()},
        }
        with atomic_path(self.folder.last) as temporary:
            torch.save(state, temporary)

    def restore(self, engine: Engine) -> None:
        """Continue a run if the folder asks for it and holds one.

        Args:
            engine: The trainer; its epoch and iteration are set.

        Raises:
            RunFolderError: If the run was made with other settings.
        """
        if not (self.folder.resume and self.folder.last.is_file()):
            return
        state = read_torch_file(self.folder.last)
        self._check_complete(state)
        self._check_settings(state["settings"])
        self.info = info_from_fields(self.folder.last, cast("dict[str, Any]", state["info"]))
        self.network.load_state_dict(cast("dict[str, Any]", state["network"]))
        self.best.load_state_dict(cast("dict[str, Any]", state["best"]))
        for name, part in self.parts.items():
            part.load_state_dict(cast("dict[str, Any]", state[name]))
        engine.state.epoch = state["epoch"]
        engine.state.iteration = state["iteration"]
        self.finished = bool(state["finished"])
        logger.info("Continuing %s after epoch %d", self.folder.path, engine.state.epoch)

    def _check_complete(self, state: Mapping[str, Any]) -> None:
        parts = ("epoch", "iteration", "finished", "settings", "info", "network", "best")
        absent = [name for name in (*parts, *self.parts) if name not in state]
        if absent:
            raise RunFolderError(
                f"{self.folder.last}: not written by this version, it lacks {', '.join(absent)}; "
                "start anew with --overwrite True or in another --output_dir"
            )

    def _check_settings(self, stored: Any) -> None:
        changed = [
            f"{name} was {before!r} and is now {value!r}"
            for name, value in self.settings.items()
            for before in [stored.get(name)]
            if before != value
        ]
        if changed:
            raise RunFolderError(
                f"{self.folder.path}: the run was started with other settings and would not "
                f"continue exactly: {'; '.join(changed)}. Give the old values, or start anew with "
                "--overwrite True or in another --output_dir"
            )


def run_checkpoint(
    folder: RunFolder,
    network: nn.Module,
    info: ModelInfo,
    *,
    optimizer: Optimizer,
    lr_scheduler: LRScheduler,
    average: WeightAverage,
    settings: Mapping[str, Any],
    validator: Engine | None = None,
    more: Mapping[str, Stateful] | None = None,
    head_epochs: int = 0,
    patience: int = 0,
    model_epoch: str = "last",
) -> RunCheckpoint:
    """Return the checkpoint of a stage, with its learning curve and its choice of an epoch.

    Args:
        folder: Where to write.
        network: The network, without any wrapper.
        info: What it is.
        optimizer: Trains it.
        lr_scheduler: Sets the optimizer's learning rate.
        average: Average of its weights.
        settings: Options that must not change when the run is continued.
        validator: Evaluator of the validation images; None for a run without.
        more: Further objects with a state, by name.
        head_epochs: Length of the head phase.
        patience: See `BestEpoch`.
        model_epoch: See `RunCheckpoint`.
    """
    curve = LearningCurve(
        folder.curve, folder.path.name, optimizer, validator=validator, head_epochs=head_epochs
    )
    return RunCheckpoint(
        folder,
        network,
        info,
        best=BestEpoch(validator, patience=patience, head_epochs=head_epochs),
        parts={"optimizer": optimizer, "lr_scheduler": lr_scheduler, **(more or {})},
        curve=curve,
        settings=settings,
        average=average,
        model_epoch=model_epoch,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
