"""Names of the files by which a job remembers what became of its results at a destination."""

from __future__ import annotations

from pathlib import Path

from monai_covid.dicom.service.jobs import RESULTS, Job

DELIVERED, REFUSED, COMMITTED, COMMITMENT = "delivered", "refused", "committed", "commitment"


def results_of(job: Job) -> list[Path]:
    """Return the results of a job."""
    return sorted((job.folder / RESULTS).glob("*.dcm"))


def delivered(job: Job, destination: str, name: str) -> Path:
    """Return the empty file that says that ``destination`` has stored the result ``name``."""
    return job.folder / DELIVERED / destination / name


def refused(job: Job, destination: str, name: str) -> Path:
    """Return the file that says why ``destination`` will not take the result ``name``."""
    return job.folder / REFUSED / destination / f"{name}.json"


def committed(job: Job, destination: str, name: str) -> Path:
    """Return the empty file that says that ``destination`` has committed to keep a result."""
    return job.folder / COMMITTED / destination / name


def commitment(job: Job, destination: str) -> Path:
    """Return the file with what ``destination`` was asked to commit to."""
    return job.folder / COMMITMENT / f"{destination}.json"
