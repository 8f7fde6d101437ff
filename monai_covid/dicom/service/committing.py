"""The thread that has a destination commit to what it has stored."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydicom.filereader import read_file_meta_info

from monai_covid.dicom.service.commitment_requests import (
    FAILURE_REASONS,
    CommitmentAssociation,
    CommitmentRequester,
    NotOfferedError,
)
from monai_covid.dicom.service.commitments import Commitments
from monai_covid.dicom.service.delivery import Backoff
from monai_covid.dicom.service.destination_thread import DestinationThread
from monai_covid.dicom.service.destinations import (
    SOP_CLASS_NOT_SUPPORTED,
    Destination,
    Problem,
    RejectedError,
    UnreachableError,
)
from monai_covid.dicom.service.endpoint import Metrics, RecentErrors
from monai_covid.dicom.service.jobs import RESULTS, Job
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.outbox import Outbox

LOOK_AGAIN = 5.0
"""Seconds after which the folder is looked at even if nothing was announced."""

LOOK_AT_DUE = 1.0
"""The same while a commitment is waited for."""

LINGER = 2.0
"""Seconds for which an association stays open for reports after the requests."""


class CommitmentReports:
    """Takes in what destinations report, over whichever association it comes."""

    def __init__(
        self,
        commitments: Commitments,
        urls: Mapping[str, str],
        metrics: Metrics,
        announce: Callable[[], None],
    ) -> None:
        """Tell ``commitments``; ``urls`` are the destinations by their keys."""
        self._commitments = commitments
        self._urls = urls
        self._metrics = metrics
        self._announce = announce

    def __call__(
        self, transaction: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> bool:
        """Return whether the transaction is known; see `Commitments.report`."""
        found = self._commitments.report(transaction, committed, failed)
        if found is None:
            log_event("unknown commitment report", logging.WARNING)
            return False
        job, destination, number = found
        url = self._urls[destination]
        self._metrics.committed.labels(url).inc(number)
        level = logging.WARNING if failed else logging.INFO
        log_event(
            "commitment report",
            level,
            job=job.name,
            destination=url,
            committed=number,
            failed=len(failed),
        )
        self._announce()
        return True


class Committing(DestinationThread):
    """Asks one destination to commit to results, and has those sent again that it does not keep.

    A destination that cannot be reached is asked when it is back. One that is there and does not
    commit in time is not waited for: what it has stored counts as stored, not committed.
    """

    def __init__(
        self,
        destination: Destination,
        requester: CommitmentRequester,
        outbox: Outbox,
        backoff: Callable[[], Backoff],
        *,
        attempts: int,
        metrics: Metrics,
        errors: RecentErrors,
        announce: Callable[[], None],
    ) -> None:
        """Ask with ``requester`` for what is in ``outbox``.

        Args:
            destination: Who is asked.
            requester: Asks.
            outbox: Results on their way.
            backoff: Makes waiting times.
            attempts: Reports of a failure until the result is put aside.
            metrics: What is counted.
            errors: What the status page shows of errors.
            announce: Called when something is to be sent again, or is finished.
        """
        super().__init__(destination, "commitment")
        self._requester = requester
        self._outbox = outbox
        self._commitments = outbox.commitments
        self._new_backoff = backoff
        self._attempts = attempts
        self._metrics = metrics
        self._errors = errors
        self._announce = announce
        self._line = backoff()
        self._is_away = False
        self._of_jobs: dict[str, Backoff] = {}
        self._failures_seen: dict[str, int] = {}
        self._last_error = ""
        self._last_ended = ""

    def state(self) -> dict[str, Any]:
        """Return what the status page shows."""
        key = self.destination.key
        return {
            "waiting": len(self._outbox.uncommitted(key)),
            "waiting_seconds": round(self._commitments.oldest(key), 1),
            "last_error": self._last_error,
            "next_try_seconds": round(self._line.remaining(), 1),
        }

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            waits = True
            try:
                waits = self._step()
            # The disk or a library can fail in any way; the files tell how to go on.
            except Exception as error:
                self._failed(self._line, place_of(error))
            self._wake.wait(LOOK_AT_DUE if waits else LOOK_AGAIN)

    def _step(self) -> bool:
        """Do what is due; return whether a commitment is waited for."""
        key = self.destination.key
        for job in self._commitments.failing(key):
            self._answer_failure(job)
        jobs = self._outbox.uncommitted(key)
        names = self._outbox.names()
        self._of_jobs = {name: one for name, one in self._of_jobs.items() if name in names}
        self._failures_seen = {
            name: number for name, number in self._failures_seen.items() if name in names
        }
        if not self._is_away:
            for job in jobs:
                self._give_up(job)
        # Whatever ends every association must not do so before others have had their turn.
        jobs.sort(key=lambda job: job.name == self._last_ended)
        due = [job for job in jobs if self._is_due(job)]
        if due and not self._line.remaining():
            self._ask(due)
        return bool(jobs or self._commitments.failing(key))

    def _is_due(self, job: Job) -> bool:
        backoff = self._of_jobs.get(job.name)
        waits = backoff is not None and backoff.remaining() > 0
        return not waits and self._commitments.is_due(job, self.destination.key)

    def _ask(self, jobs: list[Job]) -> None:
        try:
            with self._requester.association() as association:
                self._is_away = False
                for job in jobs:
                    if self._stopping.is_set():
                        return
                    self._ask_for(association, job)
                self._line.succeed()
                self._linger(association)
        except (RejectedError, NotOfferedError) as error:
            self._is_away = False
            for job in jobs:
                self._commitments.begin(job, self.destination.key)
                self._commitments.not_asked(job, self.destination.key)
            self._failed(self._line, str(error))
        except UnreachableError as error:
            self._is_away = True
            self._failed(self._line, str(error))
        except ConnectionError as error:
            self._failed(self._line, str(error))

    def _ask_for(self, association: CommitmentAssociation, job: Job) -> None:
        transaction, files = self._commitments.begin(job, self.destination.key)
        try:
            association.ask(transaction, files)
        except (NotOfferedError, OSError) as error:
            self._commitments.not_asked(job, self.destination.key)
            if isinstance(error, OSError):
                self._last_ended = job.name
                raise
            self._failed(self._backoff(job), str(error), job.name)
        else:
            log_event(
                "commitment requested",
                job=job.name,
                destination=self.destination.url,
                results=len(files),
            )

    def _linger(self, association: CommitmentAssociation) -> None:
        """Leave the association open, over which the destination may report."""
        limit = time.monotonic() + LINGER
        while self._commitments.is_waiting(self.destination.key) and association.is_established:
            left = limit - time.monotonic()
            if left <= 0 or self._stopping.is_set():
                return
            self._wake.wait(left)
            self._wake.clear()

    def _answer_failure(self, job: Job) -> None:
        """Have what is not committed sent again after a while, or put aside."""
        key = self.destination.key
        reasons, failures = self._commitments.failures(job, key)
        if not reasons:
            return
        backoff = self._backoff(job)
        if self._failures_seen.get(job.name) == failures:
            if not backoff.remaining():
                self._commitments.send_again(job, key, reasons)
                self._announce()
            return
        self._failures_seen[job.name] = failures
        last = failures >= self._attempts
        texts = []
        for name, reason in reasons.items():
            problem = _problem(job, name, reason)
            texts.append(problem.reason)
            if last or problem.final:
                self._outbox.refused(job, key, problem)
                self._metrics.not_taken.labels(self.destination.url, problem.kind).inc()
                self._commitments.send_again(job, key, [name])
        self._metrics.commitment_failed.labels(self.destination.url).inc(len(reasons))
        self._failed(backoff, "; ".join(dict.fromkeys(texts)), job.name)
        self._announce()

    def _give_up(self, job: Job) -> None:
        number = self._commitments.give_up(job, self.destination.key)
        if number:
            self._metrics.not_committed.labels(self.destination.url).inc(number)
            self._note("stored, not committed", "no commitment in time", job.name)
            self._announce()

    def _backoff(self, job: Job) -> Backoff:
        return self._of_jobs.setdefault(job.name, self._new_backoff())

    def _failed(self, backoff: Backoff, reason: str, job: str = "") -> None:
        backoff.fail()
        self._last_error = reason
        self._note("commitment failed", reason, job)

    def _note(self, event: str, reason: str, job: str) -> None:
        self._errors.add(event, f"{self.destination.url}: {reason}")
        fields = {"job": job} if job else {}
        log_event(event, logging.WARNING, destination=self.destination.url, reason=reason, **fields)


def _problem(job: Job, name: str, reason: int) -> Problem:
    file = job.folder / RESULTS / name
    kind = read_file_meta_info(file).MediaStorageSOPClassUID.name
    meaning = FAILURE_REASONS.get(reason, "unknown")
    text = f"{kind} was stored, but not committed: failure reason 0x{reason:04X} ({meaning})"
    return Problem(file, kind, text, reason == SOP_CLASS_NOT_SUPPORTED)
