"""Images that have been received, gathered by study and patient."""

from __future__ import annotations

import filecmp
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path

from pydicom.filewriter import write_file_meta_info
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID
from pynetdicom.dsutils import create_file_meta

from monai_covid.pacs.acceptance import Identity
from monai_covid.pacs.jobs import Job
from monai_covid.pacs.refused import DUPLICATE, RefusedError
from monai_covid.pacs.spool import Spool

IMPLEMENTATION = "MONAI_COVID"
"""Implementation Version Name of received files; it has no version, so that a file that is sent
again after an update is still the same file."""


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
        self._last = {folder.name: now for folder in spool.received.iterdir()}

    def store(self, identity: Identity, header: bytes, data: bytes) -> bool:
        """Keep an image so that it survives whatever happens next; only then return.

        Args:
            identity: Whose it is.
            header: Preamble and file meta information.
            data: Encoded data set.

        Returns:
            False if the same image is already waiting, in which case nothing changes.

        Raises:
            RefusedError: Another image with its SOP Instance UID is waiting.
            OSError: It cannot be kept.
        """
        self._spool.check_room(len(header) + len(data))
        part = self._spool.receiving / f"{identity.instance}-{next(self._numbers)}.part"
        try:
            self._spool.disk.write(part, header, data)
            with self._lock:
                if self._is_waiting(part, f"{identity.instance}.dcm"):
                    return False
                folder = self._spool.received / identity.group
                self._spool.disk.make_folder(folder)
                self._spool.disk.rename(part, folder / f"{identity.instance}.dcm")
                self._last[identity.group] = self._clock()
        finally:
            part.unlink(missing_ok=True)
        return True

    def hand_over(self) -> list[Job]:
        """Make jobs of all studies that have been quiet for long enough; return them."""
        jobs = []
        with self._lock:
            now = self._clock()
            for group in [one for one, last in self._last.items() if self._due(last) <= now]:
                folder = self._spool.received / group
                if any(folder.glob("*.dcm")):
                    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
                    target = self._spool.processing / f"{stamp}-{group}"
                    self._spool.disk.rename(folder, target)
                    jobs.append(Job(target))
                elif folder.exists():
                    folder.rmdir()
                del self._last[group]
        return jobs

    def seconds_to_next(self) -> float | None:
        """Return how long until a study may be due; None if there is none."""
        with self._lock:
            if not self._last:
                return None
            return max(0.0, self._due(min(self._last.values())) - self._clock())

    def _due(self, last: float) -> float:
        return last + self._quiet_time

    def _is_waiting(self, part: Path, name: str) -> bool:
        for state in (self._spool.received, self._spool.processing):
            for folder in state.iterdir():
                try:
                    same = filecmp.cmp(part, folder / name, shallow=False)
                # Most folders do not hold it, and one that did may be processed meanwhile.
                except (FileNotFoundError, NotADirectoryError):
                    continue
                if not same:
                    raise RefusedError(
                        DUPLICATE,
                        "duplicate",
                        "another image with its SOP Instance UID waits; the first one is kept",
                    )
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
