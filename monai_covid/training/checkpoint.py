"""Saving a run after every epoch so that it continues as if it had not been interrupted.

The folder of one training run: what is in it, and when it may be written to.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

import ignite.distributed as idist
import torch
from filelock import FileLock, Timeout
from ignite.engine import Engine, Events
from torch import nn

from monai_covid.data.files import atomic_path, check_writable
from monai_covid.errors import RunFolderError
from monai_covid.models.loading import read_torch_file
from monai_covid.models.model_file import ModelInfo, info_fields, info_from_fields, save_model
from monai_covid.training.selection import MODEL_EPOCHS, BestEpoch
from monai_covid.training.settings import EARLIER
from monai_covid.training.weight_average import WeightAverage


class RunFolder:
    """Names the files of a run and guards those of an earlier one.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path | str, *, resume: bool = False, overwrite: bool = False) -> None:
        """Point to ``path``; nothing is created before :meth:`open`."""
        self.path = Path(path)
        self.resume = resume
        self.overwrite = overwrite

    @property
    def last(self) -> Path:
        """Everything needed to continue after the last whole epoch."""
        return self.path / "last.pt"

    @property
    def best(self) -> Path:
        """The model file: of the best epoch, or of the last if that was asked for."""
        return self.path / "model.pt"

    @property
    def curve(self) -> Path:
        """The learning curve."""
        return self.path / "learning_curve.csv"

    @property
    def summary(self) -> Path:
        """What the run was and how it ended."""
        return self.path / "summary.json"

    @property
    def events(self) -> Path:
        """TensorBoard's folder."""
        return self.path / "tensorboard"

    def check(self) -> None:
        """Check that the run may begin, without changing anything.

        Raises:
            RunFolderError: If the folder holds a run and neither resuming nor overwriting was asked
                for, if both were, or if there is something else in its place.
        """
        if self.resume and self.overwrite:
            raise RunFolderError("resume and overwrite exclude each other; give one of them")
        if self._holds_run() and not (self.resume or self.overwrite):
            raise RunFolderError(
                f"{self.path}: holds a run already. Continue it with --resume True, replace it "
                "with --overwrite True, or give another --output_dir"
            )
        for place in (self.path, *self.path.parents):
            if place.exists() and not place.is_dir():
                raise RunFolderError(f"{self.path}: cannot be written to ({place} is a file)")

    def open(self) -> None:
        """Make the folder ready; an earlier run is removed if overwriting was asked for.

        Call it when everything else the run needs is known to be there.

        Raises:
            RunFolderError: As :meth:`check`, if the folder cannot be written to, or if another
            process trains in it.
        """
        self.check()
        if idist.get_rank() == 0:
            self._prepare()
        if idist.get_world_size() > 1:
            idist.barrier()

    def _prepare(self) -> None:
        check_writable(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock()
        if self.overwrite:
            self._remove_run()
        self._remove_leftovers()

    def _lock(self) -> None:
        """Keep other processes out until this one ends."""
        self.lock = FileLock(self.path / ".lock", is_singleton=True)
        try:
            self.lock.acquire(timeout=0)
        except Timeout as error:
            raise RunFolderError(
                f"{self.path}: another process trains in this folder; wait for its end, stop it, "
                "or give another --output_dir"
            ) from error

    def _remove_leftovers(self) -> None:
        # What a run that was killed while it wrote leaves behind; see ``files.atomic_path``.
        for file in (self.last, self.best, self.curve, self.summary):
            for leftover in self.path.glob(f".{file.stem}-*{file.suffix}"):
                leftover.unlink(missing_ok=True)

    def _holds_run(self) -> bool:
        return any(file.exists() for file in (self.last, self.best, self.curve))

    def _remove_run(self) -> None:
        for file in (self.last, self.best, self.curve, self.summary):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.events, ignore_errors=True)


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
        parts: Further objects with a state, by name (optimizer, lr_scheduler, curve).
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
        self.parts = dict(parts)
        self.kept = network
        if average is not None and average.decay:
            self.kept = average.validated(network)
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
            save_model(self.folder.best, self.kept.state_dict(), self.info)
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
            for before in [stored.get(name, EARLIER.get(name))]
            if before != value
        ]
        if changed:
            raise RunFolderError(
                f"{self.folder.path}: the run was started with other settings and would not "
                f"continue exactly: {'; '.join(changed)}. Give the old values, or start anew with "
                "--overwrite True or in another --output_dir"
            )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
