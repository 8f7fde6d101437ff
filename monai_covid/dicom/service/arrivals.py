"""Images that have been received, gathered by study and patient."""

from __future__ import annotations

import filecmp
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path

from pydicom.filewriter import write_file_meta_info
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID
from pynetdicom.dsutils import create_file_meta

from monai_covid.dicom.service.acceptance import DUPLICATE, Identity, RefusedError
from monai_covid.dicom.service.jobs import Job
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.spool import Spool

IMPLEMENTATION = "MONAI_COVID"
"""Implementation Version Name of received files; it has no version, so that a file that is sent
again after an update is still the same file."""

TRY_AGAIN = 1.0
"""Seconds after which a study is handed over again if the disk failed."""


class Arrivals:
    """Takes in images, and makes a job of a study when no more come.

    The quiet time is counted from the last arrival by a clock that is never set back; after a
    restart it is counted anew. Arrival and hand-over exclude each other by a lock, so that an image
    is either in the job or begins the next one.
    """

    def __init__(
        self, spool: Spool, quiet_time: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Gather in ``spool``.

        Args:
            spool: An open spool.
            quiet_time: Seconds after the last arrival until a job is made.
            clock: Monotonic seconds.
        """
        self._spool = spool
        self._quiet_time = quiet_time
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count(1)
        now = clock()
        self._last = {folder.name: now for folder in spool.folders_in(spool.received)}

    def store(
        self,
        identity: Identity,
        header: bytes,
        data: bytes,
        check: Callable[[Path], None] = lambda file: None,
    ) -> bool:
        """Keep an image so that it survives whatever happens next; only then return.

        Args:
            identity: Whose it is.
            header: Preamble and file meta information.
            data: Encoded data set.
            check: Looks at the file before it counts as received.

        Returns:
            False if the same image is already waiting, in which case nothing changes.

        Raises:
            RefusedError: Another image with its SOP Instance UID is waiting, or ``check`` refuses.
            OSError: It cannot be kept.
        """
        self._spool.check_room(len(header) + len(data))
        part = self._spool.receiving / f"{identity.instance}-{next(self._numbers)}.part"
        try:
            self._spool.disk.write(part, header, data)
            check(part)
            with self._lock:
                if self._is_waiting(part, f"{identity.instance}.dcm"):
                    return False
                folder = self._spool.received / identity.group
                self._spool.disk.make_folder(folder)
                # Before: if the rename happens but its synchronisation fails, the image is there.
                self._last[identity.group] = self._clock()
                self._spool.disk.rename(part, folder / f"{identity.instance}.dcm")
        finally:
            part.unlink(missing_ok=True)
        return True

    def hand_over(self) -> list[Job]:
        """Make jobs of all studies that have been quiet for long enough; return them."""
        jobs = []
        with self._lock:
            now = self._clock()
            for group in [one for one, last in self._last.items() if self._due(last) <= now]:
                try:
                    jobs += self._job_of(group)
                    del self._last[group]
                # One study must not hold up the others.
                except OSError as error:
                    self._last[group] = now + TRY_AGAIN - self._quiet_time
                    log_event(
                        "hand-over failed", logging.ERROR, study=group, reason=place_of(error)
                    )
        return jobs

    def seconds_to_next(self) -> float | None:
        """Return how long until a study may be due; None if there is none."""
        with self._lock:
            if not self._last:
                return None
            return max(0.0, self._due(min(self._last.values())) - self._clock())

    def waiting(self) -> list[Path]:
        """Return the images of studies that may still get more, those due first at the front."""
        with self._lock:
            groups = sorted(self._last, key=lambda group: self._last[group])
        folders = (self._spool.received / group for group in groups)
        return [file for folder in folders for file in sorted(folder.glob("*.dcm"))]

    def _job_of(self, group: str) -> list[Job]:
        folder = self._spool.received / group
        if not any(folder.glob("*.dcm")):
            # A file server may keep something in it; that is no reason to fail.
            with suppress(OSError):
                folder.rmdir()
            return []
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        target = self._spool.processing / f"{stamp}-{group}"
        self._spool.disk.rename(folder, target)
        return [Job(target)]

    def _due(self, last: float) -> float:
        return last + self._quiet_time

    def _is_waiting(self, part: Path, name: str) -> bool:
        """Return whether the same image waits, in which case it is on the disk for certain."""
        for state in (self._spool.received, self._spool.processing):
            for folder in state.iterdir():
                try:
                    same = filecmp.cmp(part, folder / name, shallow=False)
                    # It may be there of a try whose synchronisation failed.
                    self._spool.disk.sync_folder(folder)
                # Most folders do not hold it, and one that did may be processed meanwhile.
                except (FileNotFoundError, NotADirectoryError):
                    continue
                if not same:
                    raise RefusedError(
                        DUPLICATE,
                        "duplicate",
                        "another image with its SOP Instance UID waits; the first one is kept",
                    )
                if state == self._spool.received:
                    self._last.setdefault(folder.name, self._clock())
                return True
        return False


def file_header(sop_class: UID, sop_instance: UID, syntax: UID) -> bytes:
    """Return what precedes the data set in a file (DICOM PS3.10, 7.1)."""
    meta = create_file_meta(
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax=syntax,
        implementation_uid=PYDICOM_IMPLEMENTATION_UID,
        implementation_version=IMPLEMENTATION,
    )
    stream = BytesIO()
    stream.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(stream, meta)
    return stream.getvalue()
