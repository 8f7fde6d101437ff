"""Studies waiting to be processed, and what becomes of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset

from monai_covid.dicom.service.acceptance import key_of
from monai_covid.dicom.service.durable import read_json
from monai_covid.dicom.service.spool import Spool
from monai_covid.dicom.study import Refusal, StudyOutcome

ATTEMPTS, OUTCOME, REASON = "attempts.json", "outcome.json", "reason.json"
RESULTS = "results"


@dataclass(frozen=True)
class Job:
    """A folder of images that are processed together.

    Attributes:
        folder: Where it is; its name is the job's.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Return the name: when it was made, and the key of study and patient."""
        return self.folder.name

    def images(self) -> list[Path]:
        """Return the images, oldest first."""
        files = [(path.stat().st_mtime_ns, path) for path in self.folder.glob("*.dcm")]
        return [path for _, path in sorted(files)]

    def attempts(self) -> int:
        """Return how often processing has been started."""
        return int(self._tries().get("attempts", 0))

    def interruptions(self) -> int:
        """Return how often the process was ended from outside while processing it."""
        return int(self._tries().get("interruptions", 0))

    def is_begun(self) -> bool:
        """Return whether an attempt was started of which no end is known."""
        return bool(self._tries().get("begun", False))

    def last_error(self) -> str:
        """Return what the last try ended with; empty if the process ended with it."""
        return str(self._tries().get("error", ""))

    def _tries(self) -> dict[str, Any]:
        return read_json(self.folder / ATTEMPTS)


class Jobs:
    """The jobs of a spool that are not processed yet.

    A folder that is put into ``processing/`` by hand is found too: with ``mv`` from
    ``quarantine/`` (atomic, also while the service runs) a study is tried again from the start.
    """

    def __init__(self, spool: Spool) -> None:
        """Look after the jobs of ``spool``."""
        self._spool = spool

    def waiting(self) -> list[Job]:
        """Return the jobs, oldest first."""
        return [Job(folder) for folder in self._spool.folders_in(self._spool.processing)]

    def begin(self, job: Job) -> int:
        """Count another attempt, durably and before anything is processed; return which it is.

        A job that ends the whole process is thus not tried for ever.
        """
        attempt = job.attempts() + 1
        self._record(job, attempt, "", begun=True)
        return attempt

    def settle(self, crash: str) -> None:
        """Say what became of the attempt during which the last process ended, if there is one.

        Args:
            crash: By which signal of its own it ended, which counts as a failure; empty if it was
                ended from outside, of which the job is innocent.
        """
        for job in self.waiting():
            if not job.is_begun():
                continue
            if crash:
                self._record(job, job.attempts(), f"the service ended while processing it: {crash}")
            else:
                interruptions = job.interruptions() + 1
                self._record(job, max(0, job.attempts() - 1), "", interruptions=interruptions)

    def failed(self, job: Job, error: str) -> None:
        """Remember what the attempt ended with."""
        self._record(job, job.attempts(), error)

    def forgive(self, job: Job) -> None:
        """Do not count the attempt: something else than the job ended it."""
        self._record(job, max(0, job.attempts() - 1), "")

    def finish(self, job: Job, outcome: StudyOutcome, seconds: float) -> None:
        """Write the results and make them visible to delivery in one step.

        Until then the job is processed again from the start after a crash, from then on its
        results are delivered. Refused images are kept in quarantine, the others are not needed any
        more.
        """
        images = job.images()
        folder = job.folder / RESULTS
        if folder.exists():
            shutil.rmtree(folder)
        try:
            self._write_results(folder, outcome.results, len(images))
        except OSError:
            # What is half there would take the room that others need to be finished.
            shutil.rmtree(folder, ignore_errors=True)
            raise
        last = max((path.stat().st_mtime for path in images), default=0.0)
        record = {
            "job": job.name,
            "images": len(images),
            "results": len(outcome.results),
            "refusals": described(outcome.refusals),
            "attempts": job.attempts(),
            "processing_seconds": round(seconds, 3),
            "last_received": last,
        }
        self._spool.disk.write_json(job.folder / OUTCOME, record)
        self._keep_refused(job, outcome.refusals)
        target = self._free_place_to_send(job.name)
        self._spool.disk.rename(job.folder, target)
        for path in images:
            (target / path.name).unlink()

    def _write_results(self, folder: Path, results: Sequence[Dataset], images: int) -> None:
        folder.mkdir()
        size = 0
        for index, dataset in enumerate(results, 1):
            content = _encoded(dataset)
            self._spool.disk.write(folder / f"{index:04d}.dcm", content)
            size += len(content)
        self._spool.disk.sync_folder(folder)
        self._spool.expect(size / max(1, images))

    def quarantine(
        self, job: Job, reason: str, refusals: Sequence[Refusal] = (), detail: str = ""
    ) -> None:
        """Put the images aside with ``reason.json``.

        Args:
            job: The job.
            reason: Why, without patient data.
            refusals: What was said of single images.
            detail: Further text for whoever may see the images too.
        """
        self._write_reason(job, job.folder, reason, refusals, detail)
        for name in (ATTEMPTS, OUTCOME):
            (job.folder / name).unlink(missing_ok=True)
        if (job.folder / RESULTS).exists():
            shutil.rmtree(job.folder / RESULTS)
        self._spool.disk.rename(job.folder, self._free_place(job.name))

    def _keep_refused(self, job: Job, refusals: Sequence[Refusal]) -> None:
        """Put refused images aside while the job still has them.

        After a crash the job is processed again, which completes the same folder.
        """
        if not refusals:
            return
        folder = self._spool.quarantine / job.name
        self._spool.disk.make_folder(folder)
        for image in _refused(job, refusals):
            self._spool.disk.link(image, folder / image.name)
        reasons = "; ".join(dict.fromkeys(refusal.reason for refusal in refusals))
        self._write_reason(job, folder, f"images that could not be processed: {reasons}", refusals)
        self._spool.disk.sync_folder(folder)

    def _write_reason(
        self, job: Job, folder: Path, reason: str, refusals: Sequence[Refusal], detail: str = ""
    ) -> None:
        record = {
            "job": job.name,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "reason": reason,
            "refusals": described(refusals),
            "attempts": job.attempts(),
            "last_error": job.last_error(),
            "detail": detail,
        }
        self._spool.surely(lambda: self._spool.disk.write_json(folder / REASON, record))

    def _free_place(self, name: str) -> Path:
        """Return where in the quarantine a job goes that may have been there before."""
        target = self._spool.quarantine / name
        while target.exists():
            target = target.with_name(f"{target.name}x")
        return target

    def _free_place_to_send(self, name: str) -> Path:
        """Return where results go; those of other images of the job may be there, or sent."""
        target = self._spool.sending / name
        while target.exists() or (self._spool.done / f"{target.name}.json").exists():
            target = target.with_name(f"{target.name}x")
        return target

    def _record(
        self,
        job: Job,
        attempts: int,
        error: str,
        *,
        begun: bool = False,
        interruptions: int | None = None,
    ) -> None:
        content = {
            "attempts": attempts,
            "error": error,
            "begun": begun,
            "interruptions": job.interruptions() if interruptions is None else interruptions,
        }
        self._spool.surely(lambda: self._spool.disk.write_json(job.folder / ATTEMPTS, content))


def described(refusals: Sequence[Refusal]) -> list[dict[str, str]]:
    """Return the refusals for a record: the reason, the key of the image and its file's name."""
    return [
        {
            "instance": key_of(refusal.sop_instance_uid),
            "reason": refusal.reason,
            "file": refusal.file.name if refusal.file else "",
        }
        for refusal in refusals
    ]


def _refused(job: Job, refusals: Sequence[Refusal]) -> list[Path]:
    """Return the refused images of a job; all of them if it cannot be told which they are."""
    images = {path.name: path for path in job.images()}
    # Received files are named by the key of their instance.
    names = [
        refusal.file.name if refusal.file else f"{key_of(refusal.sop_instance_uid)}.dcm"
        for refusal in refusals
    ]
    if not all(name in images for name in names):
        return list(images.values())
    return [images[name] for name in dict.fromkeys(names)]


def _encoded(dataset: Dataset) -> memoryview:
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getbuffer()
