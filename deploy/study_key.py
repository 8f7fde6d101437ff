"""Which study of which patient an instance belongs to."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from pydicom.dataset import Dataset

SHOWN_CHARACTERS = 16

NO_STUDY = "has no Study Instance UID (0020,000D), which results need"
"""Why an instance that tells no study is not processed."""


class StudyKey(NamedTuple):
    """What instances have in common that are processed together.

    Series are not told apart: their UIDs alone do not tell studies apart either.

    Attributes:
        study_instance_uid: Study Instance UID (0020,000D).
        patient_id: Patient ID (0010,0020).
        issuer: Issuer of Patient ID (0010,0021).
    """

    study_instance_uid: str
    patient_id: str
    issuer: str

    @property
    def name(self) -> str:
        """A name for folders and logs that tells nothing about the patient."""
        return hashed("\n".join(self))


def study_key(dataset: Dataset) -> StudyKey:
    """Return the key of the instance ``dataset``."""
    return StudyKey(
        _text(dataset, "StudyInstanceUID"),
        _text(dataset, "PatientID"),
        _text(dataset, "IssuerOfPatientID"),
    )


def hashed(text: str) -> str:
    """Return what stands for ``text`` in logs: the beginning of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN_CHARACTERS]


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()
