"""A phantom image as a DICOM object: Digital X-Ray or Computed Radiography.

DICOM PS3.3 A.26 (Digital X-Ray Image, For Presentation) and A.2 (Computed Radiography Image).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from monai_covid.data.files import atomic_path
from monai_covid.lab.phantom.image import PhantomImage

Photometric = Literal["MONOCHROME1", "MONOCHROME2"]
Modality = Literal["CR", "DX"]

SOURCE_DISTANCE = 1800.0
"""Source to detector in millimetres, as in a standing chest examination."""

PATIENT_DISTANCE = 1650.0
VIEW_CODES = MappingProxyType(
    {
        "AP": ("399348003", "SCT", "antero-posterior"),
        "PA": ("272479007", "SCT", "postero-anterior"),
    }
)
"""DICOM PS3.16, CID 4010."""


def write_phantom_dicom(
    path: Path | str,
    image: PhantomImage,
    *,
    photometric: Photometric = "MONOCHROME2",
    bits_stored: Literal[8, 12] = 8,
    modality: Modality = "DX",
) -> Path:
    """Write ``image`` as a DICOM file; the same image always gives the same bytes.

    Args:
        path: File to write.
        image: What to write.
        photometric: MONOCHROME2 (bone bright in the stored values) or MONOCHROME1 (inverted; it
            looks the same on a display).
        bits_stored: 8, or 12 in 16 allocated bits with the grey values spread over 0 to 4095.
        modality: DX for Digital X-Ray Image Storage - For Presentation, CR for Computed
            Radiography Image Storage.

    Returns:
        ``path``.

    Raises:
        ValueError: If an option is not one of those named.
    """
    _check(photometric, bits_stored, modality)
    dataset = _empty(image, modality, f"{photometric} {bits_stored}")
    _add_patient_and_study(dataset, image)
    _add_series(dataset, image, modality)
    _add_acquisition(dataset, image, modality)
    _add_pixels(dataset, image.pixels, photometric, bits_stored)
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return Path(path)


def _check(photometric: str, bits_stored: int, modality: str) -> None:
    wrong = []
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        wrong.append(f"photometric must be MONOCHROME1 or MONOCHROME2, got {photometric!r}")
    if bits_stored not in (8, 12):
        wrong.append(f"bits_stored must be 8 or 12, got {bits_stored}")
    if modality not in ("DX", "CR"):
        wrong.append(f"modality must be DX or CR, got {modality!r}")
    if wrong:
        raise ValueError("; ".join(wrong))


def _empty(image: PhantomImage, modality: Modality, variant: str) -> FileDataset:
    """Return an object without content, its identifiers derived from image and variant."""
    pixels = hashlib.sha256(image.pixels.tobytes()).hexdigest()
    patient = f"{image.patient_id} {image.sex}"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = (
        DigitalXRayImageStorageForPresentation
        if modality == "DX"
        else ComputedRadiographyImageStorage
    )
    meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=["instance", patient, pixels, modality, variant]
    )
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", patient, pixels])
    dataset.SeriesInstanceUID = generate_uid(
        entropy_srcs=["series", patient, pixels, modality, variant]
    )
    return dataset


def _add_patient_and_study(dataset: Dataset, image: PhantomImage) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = f"Phantom^Patient {image.patient_id}"
    dataset.PatientID = f"PHANTOM-{image.patient_id:05d}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = image.sex
    dataset.PatientAge = f"{image.age:03d}Y"
    dataset.StudyDate = "20200101"
    dataset.StudyTime = "120000"
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Synthetic chest radiograph"


def _add_series(dataset: Dataset, image: PhantomImage, modality: Modality) -> None:
    dataset.Modality = modality
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = f"Chest {image.view}"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = image.view
    dataset.Manufacturer = "monai-covid"
    dataset.ManufacturerModelName = "Synthetic chest phantom"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    dataset.InstanceNumber = 1
    dataset.ContentDate = dataset.AcquisitionDate = dataset.StudyDate
    dataset.ContentTime = dataset.AcquisitionTime = dataset.StudyTime
    dataset.ImageType = ["DERIVED", "PRIMARY"] if modality == "DX" else ["DERIVED", "PRIMARY", ""]
    dataset.DerivationDescription = "Computed, not acquired from a person"
    dataset.PatientOrientation = ["L", "F"]
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "YES" if image.words else "NO"
    dataset.ImageComments = "Synthetic image. For research use only."


def _add_acquisition(dataset: Dataset, image: PhantomImage, modality: Modality) -> None:
    spacing = f"{image.pixel_spacing * SOURCE_DISTANCE / PATIENT_DISTANCE:.6g}"
    dataset.KVP = "110"
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.DistanceSourceToDetector = f"{SOURCE_DISTANCE:.1f}"
    dataset.DistanceSourceToPatient = f"{PATIENT_DISTANCE:.1f}"
    if modality == "CR":
        return
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality = "U"
    dataset.AnatomicRegionSequence = [_code("816094009", "SCT", "Chest")]
    dataset.ViewCodeSequence = [_code(*VIEW_CODES[image.view])]
    dataset.PositionerType = "NONE"
    dataset.DetectorType = "DIRECT"
    dataset.AcquisitionContextSequence = []


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _add_pixels(
    dataset: Dataset, pixels: NDArray[np.uint8], photometric: Photometric, bits_stored: int
) -> None:
    top = 2**bits_stored - 1
    values = (pixels.astype(np.uint32) * top + 127) // 255
    inverted = photometric == "MONOCHROME1"
    stored = (top - values if inverted else values).astype("<u1" if bits_stored == 8 else "<u2")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * stored.itemsize
    dataset.BitsStored = bits_stored
    dataset.HighBit = bits_stored - 1
    dataset.PixelRepresentation = 0
    if dataset.Modality == "DX":
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.WindowCenter = f"{2 ** (bits_stored - 1)}"
    dataset.WindowWidth = f"{2**bits_stored}"
    data = stored.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits_stored == 8 else "OW"
