"""Results on their way, and which destination has which."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from threading import Lock
from typing import Any

from monai_covid.dicom.service.durable import read_json
from monai_covid.dicom.service.jobs import OUTCOME, RESULTS, Job
from monai_covid.dicom.service.spool import Spool

DELIVERED = "delivered"


class Outbox:
    """The jobs of a spool whose results are not at every destination.

    What a destination has stored is remembered by an empty marker file, so that a restart sends
    nothing twice, except for an instance that was being answered at that very moment. Markers of
    destinations that are not configured any more do not count; a new destination gets all results
    that are still here.

    Results that a destination will never take are tried again without end. They are given up by
    deleting the job's folder while the service is stopped: ``rm -r SPOOL/sending/JOB``. Nothing
    else refers to it. While the service runs it would be made again by the next marker.
    """

    def __init__(self, spool: Spool, destinations: Collection[str]) -> None:
        """Look after ``spool``.

        Args:
            spool: An open spool.
            destinations: Keys of the destinations.
        """
        self._spool = spool
        self._destinations = tuple(destinations)
        self._lock = Lock()

    def waiting(self, destination: str) -> list[Job]:
        """Return the jobs that ``destination`` does not have completely, oldest first."""
        jobs = [Job(folder) for folder in self._spool.folders_in(self._spool.sending)]
        return [job for job in jobs if not self._has_all(job, destination)]

    def missing(self, job: Job, destination: str) -> list[Path]:
        """Return the results that ``destination`` does not have."""
        files = sorted((job.folder / RESULTS).glob("*.dcm"))
        return [file for file in files if not _marker(job, destination, file.name).exists()]

    def delivered(self, job: Job, destination: str, file: Path) -> None:
        """Remember that ``destination`` has stored ``file``.

        Not synchronised: after a power failure it is sent again, which changes nothing there.
        """
        marker = _marker(job, destination, file.name)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()

    def close_finished(self) -> list[dict[str, Any]]:
        """Finish the jobs that every destination has; return the records that are kept of them."""
        with self._lock:
            jobs = [Job(folder) for folder in self._spool.folders_in(self._spool.sending)]
            return [
                self._close(job)
                for job in jobs
                if all(self._has_all(job, one) for one in self._destinations)
            ]

    def _close(self, job: Job) -> dict[str, Any]:
        record = {"job": job.name, **read_json(job.folder / OUTCOME)}
        now = time.time()
        record["finished"] = now
        record["seconds"] = round(max(0.0, now - record.get("last_received", now)), 3)
        self._spool.disk.write_json(self._spool.done / f"{job.name}.json", record)
        self._spool.discard(job.folder)
        return record

    def _has_all(self, job: Job, destination: str) -> bool:
        return not self.missing(job, destination)


def _marker(job: Job, destination: str, name: str) -> Path:
    return job.folder / DELIVERED / destination / name
