"""What destinations were asked to commit to, and what they answered (Storage Commitment)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, generate_uid

from monai_covid.dicom.service import markers
from monai_covid.dicom.service.durable import read_json
from monai_covid.dicom.service.jobs import Job
from monai_covid.dicom.service.spool import FULL, Spool

KEPT = 9
"""Earlier transactions of a job whose reports are still taken."""


@dataclass
class Request:
    """What one destination was asked for one job.

    Attributes:
        transactions: Transaction UIDs whose reports are still taken, the latest last.
        since: When this process first asked for what is not committed; None: it has not.
        failures: How many reports said that something is not committed.
        open: Whether this process has asked and waits for the report.
        repeated: Whether it has asked once more in the middle of the wait.
        given_up: Whether it was waited for too long.
        committed: Results that are committed, which the full disk could not be told.
        failed: Failure reasons of results that are to be sent again.
    """

    transactions: list[str] = field(default_factory=list)
    since: float | None = None
    failures: int = 0
    open: bool = False
    repeated: bool = False
    given_up: bool = False
    committed: set[str] = field(default_factory=set)
    failed: dict[str, int] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return what outlasts the process."""
        return {"transactions": self.transactions, "failures": self.failures}


class Commitments:
    """The state of Storage Commitment of all jobs in ``sending/`` (DICOM PS3.4, J).

    A result that is committed has an empty marker file, as a stored one has. What was asked lies
    beside it, so that a report that comes after a restart is still understood. Neither is needed to
    finish: on a full disk both are remembered in memory, and asked for again after a restart.
    """

    def __init__(
        self,
        spool: Spool,
        destinations: Collection[str],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look after ``spool``.

        Args:
            spool: An open spool, once :meth:`load` is called.
            destinations: Keys of the destinations that are asked.
            seconds: Without a report after which a result counts as stored, not committed.
            clock: Monotonic seconds.
        """
        self._spool = spool
        self._destinations = frozenset(destinations)
        self._seconds = seconds
        self._clock = clock
        self._lock = RLock()
        self._requests: dict[tuple[str, str], Request] = {}

    def load(self) -> None:
        """Learn what was asked before this process began."""
        for folder in self._spool.folders_in(self._spool.sending) if self._destinations else ():
            for destination in self._destinations:
                self._request(Job(folder), destination)

    def pending(self, job: Job, destination: str) -> list[Path]:
        """Return the results that ``destination`` has stored and has not committed to keep."""
        return [
            file
            for file in self._uncommitted(job, destination)
            if markers.delivered(job, destination, file.name).exists()
        ]

    def is_settled(self, job: Job, destination: str) -> bool:
        """Return whether no commitment has to be waited for any more."""
        with self._lock:
            given_up = (
                destination in self._destinations and self._request(job, destination).given_up
            )
            return given_up or not self._uncommitted(job, destination)

    def is_due(self, job: Job, destination: str) -> bool:
        """Return whether ``destination`` is to be asked now.

        A report can be lost, on an association that is just being released for instance, so it is
        asked once more in the middle of the wait.
        """
        with self._lock:
            request = self._request(job, destination)
            if request.given_up or request.failed:
                return False
            waits = request.open and (request.repeated or self._waited(request) < self._seconds / 2)
            return not waits and bool(self.pending(job, destination))

    def begin(self, job: Job, destination: str) -> tuple[UID, list[Path]]:
        """Return a Transaction UID for what is pending, after remembering it."""
        with self._lock:
            request = self._request(job, destination)
            transaction = generate_uid()
            request.transactions = [*request.transactions[-KEPT:], str(transaction)]
            request.repeated = request.open
            request.since = self._clock() if request.since is None else request.since
            request.open = True
            self._remember(job, destination, request)
            return transaction, self.pending(job, destination)

    def not_asked(self, job: Job, destination: str) -> None:
        """Let it be asked again: the request was not accepted, or not answered."""
        with self._lock:
            self._request(job, destination).open = False

    def is_waiting(self, destination: str) -> bool:
        """Return whether a report of ``destination`` is still to come."""
        with self._lock:
            return any(one.open for (_, key), one in self._requests.items() if key == destination)

    def report(
        self, transaction: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> tuple[Job, str, int] | None:
        """Take in a report.

        Args:
            transaction: Its Transaction UID.
            committed: SOP Instance UIDs of instances that are kept.
            failed: Failure Reason of those that are not, by SOP Instance UID.

        Returns:
            The job, the key of the destination and how many results are committed now; None if
            nothing waits for this transaction.
        """
        with self._lock:
            found = self._asked_by(transaction)
            if found is None:
                return None
            job, destination, request = found
            if not job.folder.exists():
                self.forget(job)
                return None
            pending = {_uid_of(file): file for file in self.pending(job, destination)}
            kept = [file for uid, file in pending.items() if uid in committed]
            for file in kept:
                self._mark(job, destination, file, request)
            lost = {file.name: failed[uid] for uid, file in pending.items() if uid in failed}
            if lost:
                request.failed |= lost
                request.failures += 1
                request.given_up = False
            if lost or not self.pending(job, destination):
                request.transactions.clear()
                request.open, request.since = False, None
                self._remember(job, destination, request)
            return job, destination, len(kept)

    def failing(self, destination: str) -> list[Job]:
        """Return the jobs of which results wait to be sent again."""
        with self._lock:
            names = [
                name
                for (name, key), one in self._requests.items()
                if key == destination and one.failed
            ]
        return [Job(self._spool.sending / name) for name in names]

    def failures(self, job: Job, destination: str) -> tuple[dict[str, int], int]:
        """Return the Failure Reasons of results that wait to be sent again, and the tries."""
        with self._lock:
            request = self._request(job, destination)
            # An administrator may have taken the job away.
            there = {file.name for file in markers.results_of(job)}
            request.failed = {name: one for name, one in request.failed.items() if name in there}
            return dict(request.failed), request.failures

    def send_again(self, job: Job, destination: str, names: Collection[str]) -> None:
        """Let results that are not committed be sent once more."""
        with self._lock:
            for name in names:
                markers.delivered(job, destination, name).unlink(missing_ok=True)
                self._request(job, destination).failed.pop(name, None)

    def give_up(self, job: Job, destination: str) -> int:
        """Wait no more if that took too long; return how many results are given up."""
        with self._lock:
            request = self._request(job, destination)
            if request.given_up or request.since is None or request.failed:
                return 0
            if self._waited(request) < self._seconds:
                return 0
            request.given_up = True
            return len(self.pending(job, destination))

    def not_committed(self, job: Job) -> int:
        """Return how many results are stored at a destination that did not commit to them."""
        return sum(len(self.pending(job, destination)) for destination in self._destinations)

    def oldest(self, destination: str) -> float:
        """Return for how many seconds the oldest request waits; 0 if none does."""
        with self._lock:
            waits = [
                self._waited(one) for (_, key), one in self._requests.items() if key == destination
            ]
        return max(waits, default=0.0)

    def forget(self, job: Job) -> None:
        """Forget a job that left ``sending/``."""
        with self._lock:
            for destination in self._destinations:
                self._requests.pop((job.name, destination), None)

    def _uncommitted(self, job: Job, destination: str) -> list[Path]:
        if destination not in self._destinations:
            return []
        with self._lock:
            in_memory = self._request(job, destination).committed
            return [
                file
                for file in markers.results_of(job)
                if file.name not in in_memory
                and not markers.committed(job, destination, file.name).exists()
                and not markers.refused(job, destination, file.name).exists()
            ]

    def _waited(self, request: Request) -> float:
        return 0.0 if request.since is None else self._clock() - request.since

    def _request(self, job: Job, destination: str) -> Request:
        key = (job.name, destination)
        if key not in self._requests:
            content = read_json(markers.commitment(job, destination))
            self._requests[key] = Request(
                transactions=[str(one) for one in content.get("transactions", [])],
                failures=int(content.get("failures", 0)),
            )
        return self._requests[key]

    def _asked_by(self, transaction: str) -> tuple[Job, str, Request] | None:
        for (name, destination), request in self._requests.items():
            if transaction in request.transactions:
                return Job(self._spool.sending / name), destination, request
        return None

    def _mark(self, job: Job, destination: str, file: Path, request: Request) -> None:
        """Remember that a result is committed; not synchronised, it can be asked for again."""
        marker = markers.committed(job, destination, file.name)
        try:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
        except OSError as error:
            if error.errno not in FULL:
                raise
            request.committed.add(file.name)

    def _remember(self, job: Job, destination: str, request: Request) -> None:
        path = markers.commitment(job, destination)
        try:
            self._spool.disk.make_folder(path.parent)
            self._spool.disk.write_json(path, request.record())
        except OSError as error:
            if error.errno not in FULL:
                raise
            # What is half written would take room.
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _uid_of(file: Path) -> str:
    return str(read_file_meta_info(file).MediaStorageSOPInstanceUID)
