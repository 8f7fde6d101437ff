"""Results on their way, and which destination has which."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from monai_covid.dicom.service import markers
from monai_covid.dicom.service.commitments import Commitments
from monai_covid.dicom.service.destinations import Problem
from monai_covid.dicom.service.durable import read_json
from monai_covid.dicom.service.jobs import OUTCOME, RESULTS, Job
from monai_covid.dicom.service.logs import log_event
from monai_covid.dicom.service.markers import COMMITMENT, REFUSED
from monai_covid.dicom.service.spool import FULL, Spool

UNDELIVERED = "undelivered.json"


class Outbox:
    """The jobs of a spool whose results are not at every destination.

    What a destination has stored is remembered by an empty marker file, so that a restart sends
    nothing twice, except for an instance that was being answered at that very moment. Markers of
    destinations that are not configured any more do not count; a new destination gets all results
    that are still here.

    Kinds of results are independent of each other. One that a destination refuses for good is noted
    beside the markers and holds up nothing: when the job has nothing left to send, it goes to
    ``undelivered/`` with ``undelivered.json``, which says who refused what and why. It is tried
    again after ``mv SPOOL/undelivered/JOB SPOOL/sending/``, also while the service runs.

    Attributes:
        commitments: What destinations have to commit to before a job is finished.
    """

    def __init__(
        self,
        spool: Spool,
        destinations: Collection[str],
        commitments: Commitments | None = None,
    ) -> None:
        """Look after ``spool``.

        Args:
            spool: An open spool.
            destinations: Keys of the destinations.
            commitments: Storage Commitment, if any of them is asked for it.
        """
        self.commitments = commitments or Commitments(spool, (), 0.0)
        self._spool = spool
        self._destinations = tuple(destinations)
        self._lock = Lock()
        self._refusals: dict[str, list[dict[str, str]]] = {}

    def names(self) -> set[str]:
        """Return the names of the jobs that are on their way."""
        return {folder.name for folder in self._spool.folders_in(self._spool.sending)}

    def waiting(self, destination: str) -> list[Job]:
        """Return the jobs that ``destination`` does not have completely, oldest first."""
        jobs = [Job(folder) for folder in self._spool.folders_in(self._spool.sending)]
        return [job for job in jobs if not self._has_all(job, destination)]

    def missing(self, job: Job, destination: str) -> list[Path]:
        """Return the results that ``destination`` neither has nor has refused for good."""
        return [
            file
            for file in markers.results_of(job)
            if not markers.delivered(job, destination, file.name).exists()
            and not markers.refused(job, destination, file.name).exists()
        ]

    def uncommitted(self, destination: str) -> list[Job]:
        """Return the jobs that ``destination`` has completely and does not commit to yet."""
        jobs = [Job(folder) for folder in self._spool.folders_in(self._spool.sending)]
        return [
            job
            for job in jobs
            if self._has_all(job, destination) and self.commitments.pending(job, destination)
        ]

    def delivered(self, job: Job, destination: str, file: Path) -> None:
        """Remember that ``destination`` has stored ``file``.

        Not synchronised: after a power failure it is sent again, which changes nothing there.
        """
        marker = markers.delivered(job, destination, file.name)

        def remember() -> None:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()

        try:
            self._spool.surely(remember)
        except OSError as error:
            others = [other for other in self._destinations if other != destination]
            has_all = all(markers.delivered(job, other, file.name).exists() for other in others)
            if error.errno not in FULL or not has_all:
                raise
            file.unlink()

    def refused(self, job: Job, destination: str, problem: Problem) -> None:
        """Remember that ``destination`` will not take a result.

        Not synchronised: after a power failure it is sent, and refused, again.
        """
        path = markers.refused(job, destination, problem.file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"kind": problem.kind, "reason": problem.reason, "time": time}
        temporary = path.with_name(f".{path.name}")
        temporary.write_text(json.dumps(content))
        temporary.rename(path)

    def refusals(self, destination: str) -> dict[str, dict[str, Any]]:
        """Return what ``destination`` has refused: by SOP class the studies and the last reason."""
        folders = self._spool.folders_in(self._spool.undelivered)
        known = {folder.name: self._refusals.get(folder.name) for folder in folders}
        self._refusals = {
            name: read_json(self._spool.undelivered / name / UNDELIVERED).get("refused", [])
            if listed is None
            else listed
            for name, listed in known.items()
        }
        summary: dict[str, dict[str, Any]] = {}
        for listed in self._refusals.values():
            of_job = {
                refusal["kind"]: refusal
                for refusal in listed
                if refusal["destination"] == destination
            }
            for kind, one in of_job.items():
                studies = summary[kind]["studies"] + 1 if kind in summary else 1
                summary[kind] = {"studies": studies, "reason": one["reason"], "time": one["time"]}
        return summary

    def close_finished(self) -> list[dict[str, Any]]:
        """Finish the jobs with nothing left to send; return the records of those delivered."""
        with self._lock:
            jobs = [Job(folder) for folder in self._spool.folders_in(self._spool.sending)]
            finished = [
                job
                for job in jobs
                if all(self._is_finished(job, destination) for destination in self._destinations)
            ]
            refused = {job.name: self._refused_by(job) for job in finished}
            for job in finished:
                if refused[job.name]:
                    self._put_aside(job, refused[job.name])
            records = [self._close(job) for job in finished if not refused[job.name]]
            return [record for record in records if record is not None]

    def _refused_by(self, job: Job) -> list[dict[str, str]]:
        return [
            {"destination": destination, "file": file.stem, **read_json(file)}
            for destination in self._destinations
            for file in sorted((job.folder / REFUSED / destination).glob("*.json"))
        ]

    def _put_aside(self, job: Job, refused: list[dict[str, str]]) -> None:
        """Keep what was refused, and nothing that all destinations have.

        After a crash in between the job is still there; at worst it is sent and refused again.
        """
        content = {"job": job.name, "refused": refused}
        path = job.folder / UNDELIVERED
        self._spool.surely(lambda: self._spool.disk.write_json(path, content))
        kept = {refusal["file"] for refusal in refused}
        for file in (job.folder / RESULTS).glob("*.dcm"):
            if file.name not in kept:
                file.unlink()
        shutil.rmtree(job.folder / REFUSED)
        shutil.rmtree(job.folder / COMMITMENT, ignore_errors=True)
        self.commitments.forget(job)
        target = self._spool.undelivered / job.name
        while target.exists():
            target = target.with_name(f"{target.name}x")
        self._spool.disk.rename(job.folder, target)
        kinds = sorted({refusal["kind"] for refusal in refused})
        log_event("results refused", logging.WARNING, job=job.name, kinds=kinds)

    def _close(self, job: Job) -> dict[str, Any] | None:
        """Return the record of a job that is finished; None if the disk has no room for it yet."""
        record = {"job": job.name, **read_json(job.folder / OUTCOME)}
        now = time.time()
        record["finished"] = now
        record["seconds"] = round(max(0.0, now - record.get("last_received", now)), 3)
        if not_committed := self.commitments.not_committed(job):
            record["not_committed"] = not_committed
        path = self._spool.done / f"{job.name}.json"
        try:
            self._spool.surely(lambda: self._spool.disk.write_json(path, record))
            self._spool.discard(job.folder)
        except OSError as error:
            if error.errno not in FULL:
                raise
            # It is tried again when there is room, which this makes.
            shutil.rmtree(job.folder / RESULTS, ignore_errors=True)
            return None
        self.commitments.forget(job)
        return record

    def _is_finished(self, job: Job, destination: str) -> bool:
        return self._has_all(job, destination) and self.commitments.is_settled(job, destination)

    def _has_all(self, job: Job, destination: str) -> bool:
        return not self.missing(job, destination)
