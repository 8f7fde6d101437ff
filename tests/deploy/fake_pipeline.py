"""A stand-in for the network: quick, and its results tell where they come from."""

from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from monai_covid.dicom.study import Refusal
from monai_covid.inference.image import Radiograph
from monai_covid.inference.selection import EligibleImage, Selection
from tests.dicom.instances import instance, picture, saved


class FakePipeline:
    """Answers every instance with View Position PA by one instance of the same patient.

    Attributes:
        calls: The steps that were called, with the instances given.
    """

    def __init__(self) -> None:
        """Start with no calls."""
        self.calls: list[tuple[str, int]] = []

    def select(self, datasets: Iterable[Dataset]) -> Selection:
        """Keep PA images."""
        datasets = list(datasets)
        self.calls.append(("select", len(datasets)))
        frontal = [each for each in datasets if each.ViewPosition == "PA"]
        others = [each for each in datasets if each.ViewPosition != "PA"]
        return Selection(
            tuple(
                EligibleImage(each, Radiograph(each.SOPInstanceUID, None), Path(each.filename))
                for each in frontal
            ),
            tuple(Refusal(each.SOPInstanceUID, "no PA", Path(each.filename)) for each in others),
        )

    def infer(self, images: Iterable[EligibleImage]) -> list[EligibleImage]:
        """Find the images themselves."""
        images = list(images)
        self.calls.append(("infer", len(images)))
        return images

    def write(self, findings: Iterable[EligibleImage]) -> tuple[Dataset, ...]:
        """Answer the header of each."""
        headers = [finding.header for finding in findings]
        self.calls.append(("write", len(headers)))
        return tuple(answer(header) for header in headers)


def answer(header: Dataset) -> Dataset:
    """A small instance with the patient and study of ``header``, the same each time."""
    made = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = generate_uid(entropy_srcs=["answer", header.SOPInstanceUID])
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
        setattr(made, keyword, header[keyword].value)
    made.ImageComments = header.SOPInstanceUID
    return made


def radiograph(
    path: Path, patient: str, study: str, series: str = "1", **attributes: object
) -> str:
    """Write an instance of ``patient`` and return its SOP Instance UID; keys become UIDs."""
    dataset = instance(
        picture(8, 8),
        **{
            "PatientID": patient,
            "PatientName": f"NAME^{patient}",
            "StudyInstanceUID": generate_uid(entropy_srcs=["study", study]),
            "SeriesInstanceUID": generate_uid(entropy_srcs=["series", series]),
            "ViewPosition": "PA",
            **attributes,
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    saved(dataset, path)
    return str(dataset.SOPInstanceUID)
