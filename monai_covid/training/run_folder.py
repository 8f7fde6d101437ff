"""The folder of one training run: what is in it, and when it may be written to."""

from __future__ import annotations

import shutil
from pathlib import Path

import ignite.distributed as idist
from filelock import FileLock, Timeout

from monai_covid.data.files import check_writable
from monai_covid.errors import RunFolderError


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
            raise RunFolderError("resume and overwrite are mutually exclusive; give one of them")
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
