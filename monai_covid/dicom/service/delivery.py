"""The thread that sends results to one destination, and how long it waits between tries."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from monai_covid.dicom.service.destination_thread import DestinationThread
from monai_covid.dicom.service.destinations import (
    Destination,
    Problem,
    Sender,
    UnclearError,
    UnreachableError,
)
from monai_covid.dicom.service.endpoint import Metrics, RecentErrors
from monai_covid.dicom.service.jobs import Job
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.outbox import Outbox


class Backoff:
    """Waiting times that double after every failure, up to a limit.

    Each is shortened at random by up to a half, so that several senders that failed together do not
    come back together.
    """

    def __init__(
        self,
        first: float,
        most: float,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without any failure.

        Args:
            first: Seconds after the first failure.
            most: The most seconds.
            random: Source of the shortening.
            clock: Monotonic seconds.
        """
        self._first = first
        self._most = most
        self._random = random
        self._clock = clock
        self._until = clock()
        self.failures = 0

    def fail(self) -> float:
        """Count a failure; return the seconds until the next try."""
        # Without the bound on the exponent a destination that is down for weeks overflows.
        longest = min(self._most, self._first * 2.0 ** min(self.failures, 64))
        self.failures += 1
        seconds = longest * self._random.uniform(0.5, 1.0)
        self._until = self._clock() + seconds
        return seconds

    def succeed(self) -> None:
        """Forget all failures."""
        self.failures = 0
        self._until = self._clock()

    def remaining(self) -> float:
        """Return the seconds until the next try; 0 if it is due."""
        return max(0.0, self._until - self._clock())


LOOK_AGAIN = 5.0
"""Seconds after which the folder is looked at even if nothing was announced."""


class Delivery(DestinationThread):
    """Sends what waits for one destination, and tries again for as long as it takes.

    While the destination cannot be reached everything waits for it. A result that it refuses holds
    up nothing else: it is tried again by itself, and put aside if it is refused for good or too
    often. Nor does a study hold up others of which it is unclear whether the destination is away or
    does not bear what is left of it; that is tried again without end.
    """

    def __init__(
        self,
        destination: Destination,
        sender: Sender,
        outbox: Outbox,
        backoff: Callable[[], Backoff],
        *,
        attempts: int,
        metrics: Metrics,
        errors: RecentErrors,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """Send from ``outbox`` with ``sender``; ``backoff`` makes waiting times.

        Args:
            destination: Where to.
            sender: Sends.
            outbox: Results on their way.
            backoff: Makes waiting times.
            attempts: Refusals of a result until it is put aside.
            metrics: What is counted.
            errors: What the status page shows of errors.
            announce: Called when the results of a study were stored.
        """
        super().__init__(destination, "delivery")
        self._sender = sender
        self._outbox = outbox
        self._new_backoff = backoff
        self._attempts = attempts
        self._line = backoff()
        self._of_jobs: dict[str, Backoff] = {}
        self._refusals: Counter[str] = Counter()
        self._is_away = False
        self._metrics = metrics
        self._errors = errors
        self._announce = announce
        self._last_error = ""
        self._unreachable_with: dict[str, int] = {}
        self._rounds = 0
        self._sending: tuple[str, float] | None = None

    def state(self) -> dict[str, Any]:
        """Return what the status page shows."""
        waits = [backoff.remaining() for backoff in self._of_jobs.copy().values()]
        sending = self._sending
        return {
            "destination": self.destination.url,
            "waiting": len(self._outbox.waiting(self.destination.key)),
            "sending": sending[0] if sending else "",
            "sending_seconds": round(time.monotonic() - sending[1], 1) if sending else 0.0,
            "refused": self._outbox.refusals(self.destination.key),
            "last_error": self._last_error,
            "next_try_seconds": round(max(self._line.remaining(), min(waits, default=0.0)), 1),
        }

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._is_away = False
            try:
                self._deliver_due()
            # The disk or a library can fail in any way; the files tell how to go on.
            except Exception as error:
                self._failed(self._line, place_of(error))
            self._wait()

    def _wait(self) -> None:
        if self._is_away:
            # New results do not make an unreachable destination reachable.
            self._stopping.wait(self._line.remaining())
            return
        waits = [backoff.remaining() for backoff in self._of_jobs.values() if backoff.failures]
        self._wake.wait(min([LOOK_AGAIN, *waits]))

    def _deliver_due(self) -> None:
        jobs = self._outbox.waiting(self.destination.key)
        # Whatever ends every connection must not do so before others have had their turn: first
        # what never did, then what did longest ago.
        jobs.sort(key=lambda job: self._unreachable_with.get(job.name, 0))
        names = {job.name for job in jobs}
        self._unreachable_with = {
            name: turn for name, turn in self._unreachable_with.items() if name in names
        }
        self._of_jobs = {name: one for name, one in self._of_jobs.items() if name in names}
        self._refusals = Counter({name: n for name, n in self._refusals.items() if name in names})
        for job in jobs:
            if self._stopping.is_set():
                return
            backoff = self._of_jobs.setdefault(job.name, self._new_backoff())
            if backoff.remaining():
                continue
            try:
                self._deliver(job, backoff)
            except UnclearError as error:
                self._failed(backoff, str(error), job.name)
            except UnreachableError as error:
                self._rounds += 1
                self._unreachable_with[job.name] = self._rounds
                self._failed(self._line, str(error), job.name)
                return
            # A result that cannot even be read must not hold up other studies.
            except Exception as error:
                self._failed(backoff, place_of(error), job.name)
        self._close_finished()

    def _deliver(self, job: Job, backoff: Backoff) -> None:
        files = self._outbox.missing(job, self.destination.key)
        if not files:
            return

        def stored(file: Path) -> None:
            self._outbox.delivered(job, self.destination.key, file)
            self._metrics.delivered.labels(self.destination.url).inc()

        self._sending = (job.name, time.monotonic())
        try:
            problems = self._sender(files, stored, self._stopping.is_set)
        finally:
            self._sending = None
        self._line.succeed()
        if problems:
            self._refused(job, problems, backoff)
            return
        if self._outbox.missing(job, self.destination.key):
            return  # stopped in between
        self._last_error = ""
        log_event("results delivered", job=job.name, destination=self.destination.url)
        self._announce()
        self._close_finished()

    def _refused(self, job: Job, problems: Sequence[Problem], backoff: Backoff) -> None:
        """Put aside what is refused for good, and try the rest again later."""
        self._refusals[job.name] += 1
        last = self._refusals[job.name] >= self._attempts
        for problem in problems:
            if problem.final or last:
                self._outbox.refused(job, self.destination.key, problem)
                self._metrics.not_taken.labels(self.destination.url, problem.kind).inc()
        self._failed(
            backoff, "; ".join(dict.fromkeys(problem.reason for problem in problems)), job.name
        )

    def _close_finished(self) -> None:
        for record in self._outbox.close_finished():
            seconds = record["seconds"]
            self._metrics.delivery_seconds.observe(seconds)
            log_event("study done", job=record["job"], seconds=seconds)

    def _failed(self, backoff: Backoff, reason: str, job: str = "") -> None:
        seconds = backoff.fail()
        self._is_away = backoff is self._line
        self._last_error = reason
        self._metrics.failed.labels(self.destination.url).inc()
        self._errors.add("delivery failed", f"{self.destination.url}: {reason}")
        log_event(
            "delivery failed",
            logging.WARNING,
            job=job,
            destination=self.destination.url,
            reason=reason,
            next_try_seconds=round(seconds, 1),
        )
