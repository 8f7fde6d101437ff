"""What the application did, as a file and as an exit status, without patient data."""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from inputs import RefusedFile
from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.data.files import write_text
from monai_covid.dicom.study import Refusal
from study_key import hashed

SUMMARY_FILE = "summary.json"


class ExitStatus(IntEnum):
    """How the application ends."""

    SUCCESS = 0
    FAILED = 1
    WRONG_USAGE = 2
    NOTHING_ELIGIBLE = 3


class StudyRecord(NamedTuple):
    """What became of one study.

    Attributes:
        name: Name of the study and of its folder of results.
        files: How many files it has.
        results: SOP Instance UIDs of its results.
        refusals: Its images without results.
        error: Why it, or one of its images, failed; None: it did not.
    """

    name: str
    files: int
    results: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    error: str | None = None


def exit_status(records: list[StudyRecord]) -> ExitStatus:
    """Return how the application ends after ``records``."""
    if any(record.error is not None for record in records):
        return ExitStatus.FAILED
    if any(record.results for record in records):
        return ExitStatus.SUCCESS
    return ExitStatus.NOTHING_ELIGIBLE


def write_summary(folder: Path, records: list[StudyRecord], refused: list[RefusedFile]) -> None:
    """Write ``summary.json`` into ``folder``, whole or not at all."""
    status = exit_status(records)
    content = {
        "notice": RESEARCH_USE_ONLY,
        "software": f"monai_covid {__version__}",
        "status": status.name.lower(),
        "exit_status": int(status),
        "studies": [_study(record) for record in records],
        "refused_files": [file._asdict() for file in refused],
    }
    write_text(folder / SUMMARY_FILE, json.dumps(content, indent=2) + "\n")


def _study(record: StudyRecord) -> dict[str, Any]:
    return {
        "study": record.name,
        "files": record.files,
        "results": [f"{record.name}/{uid}.dcm" for uid in record.results],
        "refused": [
            {
                "instance": hashed(refusal.sop_instance_uid) if refusal.sop_instance_uid else "",
                "reason": refusal.reason,
            }
            for refusal in record.refusals
        ],
        "error": record.error,
    }
