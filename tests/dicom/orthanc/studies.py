"""Chest radiographs as a hospital's CR and DX devices send them, with synthetic pictures.

DICOM PS3.3 A.2 (Computed Radiography Image) and A.26 (Digital X-Ray Image).
"""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from tests.dicom.orthanc.people import Person

SIZE = 512
SOP_CLASSES = MappingProxyType(
    {"CR": ComputedRadiographyImageStorage, "DX": DigitalXRayImageStorageForPresentation}
)
VIEW_CODES = MappingProxyType(
    {
        "AP": ("399348003", "antero-posterior"),
        "PA": ("272479007", "postero-anterior"),
        "LL": ("399173006", "left lateral"),
    }
)
"""SNOMED CT codes of DICOM PS3.16, CID 4010."""


@functools.cache
def picture(number: int) -> np.ndarray:
    """Pixels of phantom ``number``, 0 to 255, (SIZE, SIZE)."""
    label = ("covid19", "pneumonia", "normal")[number % 3]
    return generate_covid_case(7, number, label, PhantomOptions(size=SIZE, text=False)).pixels


def radiograph(
    person: Person,
    study: str,
    *,
    modality: str = "CR",
    number: int = 0,
    series: int = 1,
    view: str = "PA",
    bits: int = 12,
    inverted: bool = False,
) -> FileDataset:
    """A radiograph of one patient.

    Args:
        person: Whose it is.
        study: Key of the study; the same key, patient and series give the same UIDs.
        modality: CR or DX.
        number: Number of the picture, which is also the instance's.
        series: Number of the series.
        view: View position: PA, AP or LL.
        bits: 8, or 12 in 16 with a window.
        inverted: MONOCHROME1.
    """
    dataset = _empty(SOP_CLASSES[modality])
    key = [study, person.identifier, modality]
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", study, person.identifier])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", *key, str(series)])
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["image", *key, f"{series} {number}"])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    _add_patient_and_study(dataset, person, study)
    _add_series(dataset, modality, series, number, view)
    _add_acquisition(dataset, view)
    if modality == "DX":
        _add_digital_x_ray(dataset, view, inverted)
    _add_pixels(dataset, picture(number), bits, inverted)
    return dataset


def _empty(sop_class: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    del dataset.filename
    dataset.SOPClassUID = sop_class
    return dataset


def _add_patient_and_study(dataset: Dataset, person: Person, study: str) -> None:
    if person.character_set:
        dataset.SpecificCharacterSet = list(person.character_set)
    dataset.PatientName = person.name
    dataset.PatientID = person.identifier
    dataset.PatientBirthDate = person.birth_date
    dataset.PatientSex = person.sex
    dataset.PatientAge = "060Y"
    dataset.StudyDate, dataset.StudyTime = "20200302", "101500"
    dataset.StudyID = "77"
    dataset.AccessionNumber = f"A{int(dataset.StudyInstanceUID.rsplit('.', 1)[1]) % 10**12}"
    dataset.ReferringPhysicianName = "Referrer^Rita"
    dataset.StudyDescription = f"Thorax {study}"[:64]


def _add_series(dataset: Dataset, modality: str, series: int, number: int, view: str) -> None:
    dataset.Modality = modality
    dataset.SeriesNumber, dataset.InstanceNumber = series, number
    dataset.SeriesDescription = f"Chest {view}"
    dataset.ProtocolName = f"Chest {view}"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = view
    dataset.Manufacturer = "Example Imaging"
    dataset.ManufacturerModelName = "Wall Stand 3"
    dataset.DeviceSerialNumber = "4711"
    dataset.SoftwareVersions = "1.2"
    dataset.InstitutionName = "Example Hospital"
    dataset.StationName = "ROOM3"
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.StudyDate
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = dataset.StudyTime


def _add_acquisition(dataset: Dataset, view: str) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.PatientOrientation = ["P", "F"] if view == "LL" else ["L", "F"]
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.KVP = "110"
    dataset.ImagerPixelSpacing = ["0.7", "0.7"]
    dataset.DistanceSourceToDetector = "1800"
    dataset.DistanceSourceToPatient = "1650"


def _add_digital_x_ray(dataset: Dataset, view: str, inverted: bool) -> None:
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality = "U"
    dataset.AnatomicRegionSequence = [_code("816094009", "Chest")]
    dataset.ViewCodeSequence = [_code(*VIEW_CODES[view])]
    dataset.PositionerType = "NONE"
    dataset.DetectorType = "DIRECT"
    dataset.AcquisitionContextSequence = []
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _add_pixels(dataset: Dataset, pixels: np.ndarray, bits: int, inverted: bool) -> None:
    top = 2**bits - 1
    values = (pixels.astype(np.uint32) * top + 127) // 255
    stored = (top - values if inverted else values).astype("<u1" if bits == 8 else "<u2")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * stored.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = 0
    if bits != 8 or dataset.Modality == "DX":
        dataset.WindowCenter, dataset.WindowWidth = f"{2 ** (bits - 1)}", f"{2**bits}"
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


EMPTY = (
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "SeriesNumber",
    "InstanceNumber",
    "Manufacturer",
)
"""Attributes of type 2: they may be empty."""

ABSENT = (
    "PatientAge",
    "StudyDescription",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "ContentDate",
    "ContentTime",
    "ProtocolName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "InstitutionName",
    "StationName",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
)
"""Attributes of type 3: they may be missing."""


def bare(dataset: FileDataset) -> FileDataset:
    """``dataset`` without all that the standard lets a device leave out."""
    for keyword in EMPTY:
        setattr(dataset, keyword, None if keyword in ("SeriesNumber", "InstanceNumber") else "")
    for keyword in ABSENT:
        delattr(dataset, keyword)
    return dataset


def save(datasets: Iterable[Dataset], folder: Path) -> list[Path]:
    """Write ``datasets`` to ``folder``, named by SOP Instance UID."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for dataset in datasets:
        files.append(folder / f"{dataset.SOPInstanceUID}.dcm")
        dcmwrite(files[-1], dataset, enforce_file_format=True)
    return files


def shares(files: Sequence[Path], count: int) -> list[list[Path]]:
    """``files`` dealt out to ``count`` senders in turn."""
    return [list(files[start::count]) for start in range(count)]
