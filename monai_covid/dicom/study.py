"""What is made of the images of a study, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from pydicom.dataset import Dataset


class StudyError(ValueError):
    """A study cannot be processed at all; the message says why and holds no patient data."""


class Refusal(NamedTuple):
    """An image that is not processed.

    Attributes:
        sop_instance_uid: The image; empty where the file does not tell.
        reason: Why not, without patient data.
        file: The file it was in, where there was one.
        failed: Whether it should have been processed, and that failed unexpectedly.
    """

    sop_instance_uid: str
    reason: str
    file: Path | None = None
    failed: bool = False


class StudyOutcome(NamedTuple):
    """What became of a study.

    Attributes:
        results: DICOM instances to store, each with file meta information.
        refusals: Images without results; a study may have nothing else.
    """

    results: tuple[Dataset, ...]
    refusals: tuple[Refusal, ...]


class StudyProcessor(Protocol):
    """Whatever makes results of a study.

    Called again with the same files it returns instances with the same UIDs.
    """

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process the files of one study of one patient.

        Raises:
            StudyError: If nothing can be made of them and trying again would not help.
        """


def patient_of(dataset: Dataset) -> tuple[str, ...]:
    """Return what tells the patient of an instance from others.

    That is Patient ID and its issuer; where there is no Patient ID, also name and date of birth.
    """
    known = _texts(dataset, "PatientID", "IssuerOfPatientID")
    return known if known[0] else (*known, *_texts(dataset, "PatientName", "PatientBirthDate"))


def _texts(dataset: Dataset, *keywords: str) -> tuple[str, ...]:
    return tuple(str(dataset.get(keyword) or "").strip() for keyword in keywords)


@runtime_checkable
class Prefetches(Protocol):
    """A processor that can do its work on an image before it is asked for the study."""

    def look_ahead(self, file: Path) -> bool:
        """Work on an image of a study that may still get more, and keep what comes of it.

        What the processor answers later does not depend on whether this was called.

        Returns:
            False if nothing was done, because as much is kept as may be.
        """
