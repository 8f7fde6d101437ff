"""Radiographs to send, and a processor that makes something of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid

from monai_covid.dicom.study import Refusal, StudyOutcome
from tests.dicom.instances import instance, picture

PATIENT_NAME, PATIENT_ID = "SECRET^PERSON", "SECRET-ID-4711"


def image(study: str | None = None, seed: int = 0, **attributes: object) -> Dataset:
    """A small CR image of a new study, or of ``study``."""
    values = {
        "StudyInstanceUID": study or generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "PatientName": PATIENT_NAME,
        "PatientID": PATIENT_ID,
        "PatientBirthDate": "19330405",
        "AccessionNumber": "SECRET-ACCESSION",
    }
    return instance(picture(seed=seed), **{**values, **attributes})


def result_uid(source: str) -> UID:
    """The SOP Instance UID of the result of ``source``."""
    return generate_uid(entropy_srcs=["result", str(source)])


def result_of(source: Dataset) -> Dataset:
    """A result that tells what it was made of."""
    result = instance(picture(20, 20), PatientID=source.PatientID, PatientName=source.PatientName)
    result.SOPClassUID = result.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    result.SOPInstanceUID = result_uid(source.SOPInstanceUID)
    result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    result.StudyInstanceUID = source.StudyInstanceUID
    result.SeriesInstanceUID = generate_uid(entropy_srcs=["series", source.SOPInstanceUID])
    return result


class FakeProcessor:
    """Makes one result of each image and remembers what it was called with.

    Attributes:
        calls: SOP Instance UIDs of each call.
        started: Set when a call begins.
        go_on: A call does not return before this is set.
    """

    def __init__(self, act: Callable[[list[Dataset]], StudyOutcome | None] | None = None) -> None:
        """Call ``act``, if given, which may raise or return the outcome."""
        self._act = act
        self.calls: list[set[str]] = []
        self.patients: list[set[str]] = []
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process ``files``."""
        datasets = [dcmread(file) for file in files]
        self.calls.append({str(one.SOPInstanceUID) for one in datasets})
        self.patients.append({str(one.get("PatientID")) for one in datasets})
        self.started.set()
        assert self.go_on.wait(30)
        outcome = self._act(datasets) if self._act else None
        return outcome or StudyOutcome(tuple(result_of(one) for one in datasets), ())


def refuse_all(datasets: list[Dataset]) -> StudyOutcome:
    """The outcome of a study without an eligible image."""
    return StudyOutcome((), tuple(Refusal(one.SOPInstanceUID, "a lateral") for one in datasets))
