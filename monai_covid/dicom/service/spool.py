"""The folder in which everything waits, and bounds on what is kept for reference."""

from __future__ import annotations

import errno
import logging
import math
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from monai_covid.dicom.service.durable import Disk
from monai_covid.dicom.service.logs import log_event
from monai_covid.dicom.service.settings import Settings
from monai_covid.errors import OptionError

STATES = ("received", "processing", "sending", "undelivered", "quarantine", "done")
"""Where a study can be; the names of the folders."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors of a full disk."""

NO_SPACE = FULL | {errno.EROFS}
"""Errors of a disk that may take data later."""

BALLAST = 1_000_000
"""Bytes that are given up when the disk is full, for the small files that finishing takes."""

RESULTS_OF_AN_IMAGE = 4_000_000
"""Bytes that are kept for the results of each image, until it is seen what they take."""

COUNT_EVERY = 1.0
"""Seconds for which the number of unprocessed images is not counted again."""

T = TypeVar("T")


class Spool:
    """Folders of the states, held by one service at a time.

    Attributes:
        disk: How changes are made.
        receiving: Files being written, never acknowledged; emptied at the start.
        received: Folder per study and patient with acknowledged images.
        processing: Folder per job: a study's images that are processed together.
        sending: Folder per job with results that are not at all destinations yet.
        undelivered: Folder per job with results that a destination refused, and
            ``undelivered.json``; moved to ``sending/`` they are tried again.
        quarantine: Folder per job of which images could not be processed, with ``reason.json``.
        done: One small JSON record per finished job, without patient data.
        trash: Folders being deleted; emptied at the start.
    """

    def __init__(self, folder: Path, disk: Disk | None = None, *, reserve: int = 0) -> None:
        """Take ``folder``, which is made when missing; nothing is changed before :meth:`open`.

        Args:
            folder: Where; all of it must be on one file system.
            disk: How changes are made.
            reserve: Free bytes below which there is no room for another instance.
        """
        self.disk = disk or Disk()
        self.folder = folder.absolute()
        self.reserve = reserve
        self.receiving = self.folder / "receiving"
        self.received = self.folder / "received"
        self.processing = self.folder / "processing"
        self.sending = self.folder / "sending"
        self.undelivered = self.folder / "undelivered"
        self.quarantine = self.folder / "quarantine"
        self.done = self.folder / "done"
        self.trash = self.folder / "trash"
        self.results_of_an_image = RESULTS_OF_AN_IMAGE
        self._has_seen_results = False
        self._ballast = self.folder / ".ballast"
        self._counted = (0, float("-inf"))
        self._lock = FileLock(self.folder / ".lock", thread_local=False)

    def open(self) -> None:
        """Lock the spool, make its folders and clear away what a crash left half done.

        Raises:
            OptionError: Another service uses it, or it cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise OptionError(
                f"--spool is {self.folder}, which another running service uses; stop that one or "
                "give another folder"
            ) from error
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._make_folders()
        except OSError as error:
            self._lock.release()
            raise self._unusable(error) from error

    def close(self) -> None:
        """Let another service have the spool."""
        self._lock.release()

    def discard(self, folder: Path) -> None:
        """Delete a folder in such a way that a crash leaves it whole or gone."""
        target = self.trash / f"{folder.parent.name}-{folder.name}"
        if target.exists():
            shutil.rmtree(target)
        self.disk.rename(folder, target)
        shutil.rmtree(target)

    def check_room(self, size: int) -> None:
        """Make sure that an image can be kept, processed and answered.

        Raises:
            OSError: (ENOSPC) If ``size`` more bytes, or the results of all images that are not
                processed yet, would go into the reserve, or the disk was full and still is.
        """
        results = (self._unprocessed() + 1) * self.results_of_an_image
        free = shutil.disk_usage(self.receiving).free
        if not self._has_ballast() or free - size - results < self.reserve:
            raise OSError(
                errno.ENOSPC,
                f"{free} bytes are free; {results} are kept for results and {self.reserve} besides",
            )

    def expect(self, results: float) -> None:
        """Learn how many bytes the results of an image take; the most that was seen counts."""
        largest = max(results, self.results_of_an_image if self._has_seen_results else 0.0)
        self.results_of_an_image, self._has_seen_results = math.ceil(largest), True

    def surely(self, step: Callable[[], T]) -> T:
        """Return what ``step`` returns, which finishes something that is there.

        On a full disk it gets the room of the ballast: what is not finished takes room for good.
        """
        try:
            return step()
        except OSError as error:
            if error.errno not in FULL or not self._ballast.exists():
                raise
            self._ballast.unlink(missing_ok=True)
            return step()

    def _has_ballast(self) -> bool:
        """Return whether there is ballast, after trying to take it again."""
        try:
            if not self._ballast.exists():
                self.disk.write(self._ballast, bytes(BALLAST))
        except OSError:
            self._ballast.unlink(missing_ok=True)
            return False
        return True

    def _unprocessed(self) -> int:
        """Return how many images are not processed yet."""
        number, at = self._counted
        now = time.monotonic()
        if now - at > COUNT_EVERY:
            states = (self.received, self.processing)
            number = sum(1 for state in states for _ in state.glob("*/*.dcm"))
            self._counted = (number, now)
        else:
            self._counted = (number := number + 1, at)
        return number

    def is_writable(self) -> bool:
        """Return whether something can be written now; disks turn read-only while in use."""
        try:
            self._probe()
        except OSError:
            return False
        return True

    def _probe(self) -> None:
        probe = self.receiving / "probe"
        probe.unlink(missing_ok=True)
        try:
            self.disk.write(probe, b"can be written to")
        finally:
            probe.unlink(missing_ok=True)

    @staticmethod
    def folders_in(state: Path) -> list[Path]:
        """Return the folders of studies in one of the folders above, sorted by name.

        What desktops and file servers leave behind (``.DS_Store``, ``.snapshot``) is none.
        """
        entries = sorted(state.iterdir())
        return [path for path in entries if path.is_dir() and not path.name.startswith(".")]

    def counts(self) -> dict[str, int]:
        """Return how many studies there are in each state."""
        counts = {}
        for state in STATES:
            with os.scandir(self.folder / state) as entries:
                counts[state] = sum(not entry.name.startswith(".") for entry in entries)
        return counts

    def _make_folders(self) -> None:
        for folder in (self.receiving, self.trash):
            if folder.exists():
                shutil.rmtree(folder)
        folders = [self.folder / name for name in (*STATES, self.receiving.name, self.trash.name)]
        for folder in folders:
            folder.mkdir(exist_ok=True, mode=0o700)
        keep_from_others(self.folder, folders)
        self.disk.sync_folder(self.folder)
        try:
            self.surely(self._probe)
        except OSError as error:
            if error.errno not in FULL or not any(self.counts().values()):
                raise
            # What is on the disk is delivered all the same, which makes room.
            log_event("disk is full", logging.ERROR, spool=str(self.folder))
        self._has_ballast()

    def _unusable(self, error: OSError) -> OptionError:
        return OptionError(
            f"--spool is {self.folder}, which cannot be used ({error.strerror}); it must be a "
            "folder that this user may write to"
        )


OTHERS = 0o077
"""Permissions of group and others."""


def keep_from_others(spool: Path, states: Iterable[Path]) -> None:
    """Take all permissions of group and others from the spool and from what is in ``states``.

    Earlier versions, backups and administrators leave wider ones; images and reasons in there hold
    patient data.
    """
    denied = [path for path in (spool, *_all_in(states)) if not _is_kept_from_others(path)]
    if denied:
        log_event("spool is open to others", logging.WARNING, paths=len(denied))


def _all_in(states: Iterable[Path]) -> Iterator[Path]:
    for state in states:
        for folder, _, files in os.walk(state):
            yield Path(folder)
            yield from (Path(folder, file) for file in files)


def _is_kept_from_others(path: Path) -> bool:
    try:
        status = path.lstat()
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & OTHERS:
            path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)
    except OSError:
        # Of another owner, or on a file system without permissions.
        return False
    return True


SECONDS_A_DAY = 86_400.0


def tidy(spool: Spool, settings: Settings) -> None:
    """Delete what lies in quarantine or undelivered for too long, and records too old or many."""
    now = time.time()
    limit = now - settings.keep_quarantine_days * SECONDS_A_DAY
    for folder in [*_older(spool.quarantine, limit), *_older(spool.undelivered, limit)]:
        spool.discard(folder)
    for record in _older(spool.done, now - settings.keep_done_days * SECONDS_A_DAY):
        record.unlink(missing_ok=True)
    # Names begin with the time.
    records = sorted(spool.done.glob("*.json"))
    for record in records[: max(0, len(records) - settings.keep_done)]:
        record.unlink(missing_ok=True)


def _older(folder: Path, limit: float) -> list[Path]:
    return [path for path in folder.iterdir() if path.stat().st_mtime < limit]
