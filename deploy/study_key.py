"""Which study of which patient an instance belongs to."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from pydicom.dataset import Dataset

from monai_covid.dicom.study import patient_of

SHOWN_CHARACTERS = 16

NO_STUDY = "has no Study Instance UID (0020,000D), which results need"
"""Why an instance that tells no study is not processed."""


class StudyKey(NamedTuple):
    """What instances have in common that are processed together.

    Series are not told apart: their UIDs alone do not tell studies apart either.

    Attributes:
        study_instance_uid: Study Instance UID (0020,000D).
        patient: What tells the patient from others, see `patient_of`.
    """

    study_instance_uid: str
    patient: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name for folders and logs that tells nothing about the patient."""
        return hashed("\n".join((self.study_instance_uid, *self.patient)))


def study_key(dataset: Dataset) -> StudyKey:
    """Return the key of the instance ``dataset``."""
    study = str(dataset.get("StudyInstanceUID") or "").strip()
    return StudyKey(study, patient_of(dataset))


def hashed(text: str) -> str:
    """Return what stands for ``text`` in logs: the beginning of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN_CHARACTERS]
