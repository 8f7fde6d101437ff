"""The thread that has studies processed, one after the other, and prefetches in between."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from monai_covid.dicom.service.arrivals import Arrivals
from monai_covid.dicom.service.endpoint import Metrics, RecentErrors
from monai_covid.dicom.service.jobs import Job, Jobs
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.service.spool import NO_SPACE
from monai_covid.dicom.study import Prefetches, StudyError, StudyOutcome, StudyProcessor

MARK = ".ahead"
"""Lies in a study's folder while one of its images is worked on."""


class Prefetcher:
    """Uses the quiet time of studies for a processor that can look ahead.

    An image that ends the whole process does so once: the mark it leaves in the folder of its study
    says that this study is left to its turn, which counts the attempts.

    Args:
        arrivals: Images that have been received.
        processor: What processes studies.
    """

    def __init__(self, arrivals: Arrivals, processor: StudyProcessor) -> None:
        """Have nothing worked on yet."""
        self._arrivals = arrivals
        self._processor = processor if isinstance(processor, Prefetches) else None
        self._seen: set[str] = set()

    def step(self) -> bool:
        """Have one image worked on; return whether there was one."""
        if self._processor is None:
            return False
        waiting = self._arrivals.waiting()
        self._seen &= {file.name for file in waiting}
        for file in waiting:
            if file.name not in self._seen and not (file.parent / MARK).exists():
                return self._look_ahead(self._processor, file)
        return False

    def _look_ahead(self, processor: Prefetches, file: Path) -> bool:
        mark = file.parent / MARK
        # Not synchronised: it is for crashes of this process, not for those of the machine.
        mark.touch()
        try:
            done = processor.look_ahead(file)
        # A processor is code of others, and the study's turn will tell.
        except Exception as error:
            log_event("looking ahead failed", logging.WARNING, reason=place_of(error))
            done = True
        with suppress(FileNotFoundError):
            mark.unlink()
        if done:
            self._seen.add(file.name)
        return done


LOOK_AGAIN = 1.0
"""Seconds after which folders are looked at even if nothing was announced."""


INTERRUPTIONS = 3
"""How often, for each attempt that is allowed, the process may be ended from outside while it
processes a job. That is nobody's fault, or that of an image that takes all memory."""


class Worker:
    """Makes jobs of quiet studies and processes them; meanwhile looks ahead at the others."""

    def __init__(
        self,
        settings: Settings,
        arrivals: Arrivals,
        jobs: Jobs,
        processor: StudyProcessor,
        *,
        metrics: Metrics,
        errors: RecentErrors,
        announce: Callable[[], None],
    ) -> None:
        """Process with ``processor``; call ``announce`` whenever there are new results."""
        self._settings = settings
        self._arrivals = arrivals
        self._jobs = jobs
        self._processor = processor
        self._ahead = Prefetcher(arrivals, processor)
        self._metrics = metrics
        self._errors = errors
        self._announce = announce
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._not_before: dict[str, float] = {}
        self._suspicions = {
            job.name: job.attempts() + max(0, job.interruptions() - 1) for job in jobs.waiting()
        }
        self._current: Job | None = None
        # A daemon, so that a study that takes too long cannot keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something has arrived."""
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Finish the study being processed and end; return whether that took less than given."""
        self._stopping.set()
        self._wake.set()
        current = self._current
        if current is not None:
            # If its attempt does not end in time, or is killed before that, it is not its fault.
            # A job that cannot be found any more has just been finished.
            with suppress(OSError):
                self._jobs.forgive(current)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._wake.clear()
                self._arrivals.hand_over()
                job = self._next()
                if job is not None:
                    self._process(job)
                elif not self._ahead.step():
                    self._wake.wait(self._pause())
            # The disk can fail at any step; whatever happened, the folders tell how to go on.
            except Exception as error:
                self._note("worker failed", place_of(error))
                self._stopping.wait(LOOK_AGAIN)

    def _next(self) -> Job | None:
        jobs = self._jobs.waiting()
        names = {job.name for job in jobs}
        self._not_before = {name: due for name, due in self._not_before.items() if name in names}
        now = time.monotonic()
        due = [job for job in jobs if self._not_before.get(job.name, now) <= now]
        return min(due, key=self._order, default=None)

    def _order(self, job: Job) -> tuple[int, str]:
        """Oldest first, but behind all others those of which the process may have ended."""
        return self._suspicions.get(job.name, 0), job.name

    def _pause(self) -> float:
        quiet = self._arrivals.seconds_to_next()
        now = time.monotonic()
        retries = [due - now for due in self._not_before.values()]
        return max(0.0, min([LOOK_AGAIN, *([] if quiet is None else [quiet]), *retries]))

    def _process(self, job: Job) -> None:
        given_up = self._given_up(job)
        if given_up:
            self._quarantine(job, given_up)
            return
        self._current = job
        try:
            attempt = self._jobs.begin(job)
        except OSError as error:
            self._current = None
            self._wait_for_room(job, error)
            return
        started = time.monotonic()
        try:
            outcome = self._processor(job.images())
            self._finish(job, outcome, time.monotonic() - started)
        except StudyError as error:
            self._quarantine(job, str(error))
        # A processor is code of others; nothing of it may end the service.
        except Exception as error:
            self._failed(job, attempt, error)
        finally:
            self._current = None

    def _given_up(self, job: Job) -> str:
        """Return why a job is not tried again; empty if it is."""
        if job.attempts() >= self._settings.attempts:
            ended = job.last_error() or "the service ended while processing it"
            return f"given up after {job.attempts()} attempts; the last: {ended}"
        if job.interruptions() >= INTERRUPTIONS * self._settings.attempts:
            return (
                f"given up: the service was ended from outside {job.interruptions()} times while "
                "processing it"
            )
        return ""

    def _finish(self, job: Job, outcome: StudyOutcome, seconds: float) -> None:
        self._metrics.processing_seconds.observe(seconds)
        reasons = [refusal.reason for refusal in outcome.refusals]
        if not outcome.results:
            reason = "; ".join(dict.fromkeys(reasons)) or "the processor returned nothing"
            self._quarantine(job, f"no image could be processed: {reason}", outcome)
            return
        self._jobs.finish(job, outcome, seconds)
        self._metrics.processed.inc()
        log_event(
            "study processed",
            job=job.name,
            results=len(outcome.results),
            refused=reasons,
            seconds=round(seconds, 3),
        )
        self._announce()

    def _quarantine(
        self, job: Job, reason: str, outcome: StudyOutcome | None = None, detail: str = ""
    ) -> None:
        self._jobs.quarantine(job, reason, outcome.refusals if outcome else (), detail)
        self._metrics.quarantined.inc()
        self._note("study quarantined", reason, job=job.name)

    def _failed(self, job: Job, attempt: int, error: Exception) -> None:
        place = place_of(error)
        self._not_before[job.name] = time.monotonic() + self._settings.retry_delay
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            self._wait_for_room(job, error)
            self._jobs.forgive(job)
        elif attempt >= self._settings.attempts:
            self._jobs.failed(job, place)
            detail = "".join(traceback.format_exception(error))
            self._quarantine(job, f"failed {attempt} times; the last: {place}", detail=detail)
        else:
            self._jobs.failed(job, place)
            self._note("processing failed", place, job=job.name)

    def _wait_for_room(self, job: Job, error: OSError) -> None:
        """Leave a job for later without counting the attempt.

        Raises:
            OSError: If it is not the disk being full.
        """
        if error.errno not in NO_SPACE:
            raise error
        self._not_before[job.name] = time.monotonic() + self._settings.retry_delay
        self._note("no disk space for results", place_of(error), job=job.name)

    def _note(self, event: str, reason: str, job: str = "") -> None:
        self._errors.add(event, reason)
        fields = {"job": job} if job else {}
        log_event(event, logging.ERROR, reason=reason, **fields)


class OneThread:
    """Makes a processor in a thread of its own and calls it there and nowhere else.

    Numerical libraries keep threads of their own for every thread that calls them. When a second
    one calls them there are more than processors, and all of them wait for each other: a study then
    takes half as long again.
    """

    def __init__(self, load: Callable[[], StudyProcessor]) -> None:
        """Make the processor with ``load``; its errors come out as they are."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="processor")
        try:
            self._processor = self._thread.submit(load).result()
        except BaseException:
            self.close()
            raise

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Have the processor process ``files``; its errors come out as they are."""
        return self._thread.submit(self._processor, files).result()

    def look_ahead(self, file: Path) -> bool:
        """Have the processor look ahead, if it can; see `Prefetches`."""
        if not isinstance(self._processor, Prefetches):
            return False
        return self._thread.submit(self._processor.look_ahead, file).result()

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        self._thread.shutdown(wait=False)
