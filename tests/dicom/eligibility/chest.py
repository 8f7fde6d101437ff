"""Instances that are processed, to which the tests then give one fault."""

from __future__ import annotations

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from monai_covid.dicom.eligibility.reasons import ineligibility
from tests.dicom.instances import instance, picture

PIXELS = picture(320, 260)


def plain(**attributes: object) -> Dataset:
    """A CR instance of a chest that says nothing of view, body part and origin."""
    dataset = instance(PIXELS)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    return with_attributes(dataset, **attributes)


def chest(**attributes: object) -> Dataset:
    """A CR instance of a chest with the usual tags."""
    dataset = plain(
        ImageType=["ORIGINAL", "PRIMARY"],
        BodyPartExamined="CHEST",
        ViewPosition="PA",
        PatientOrientation=["L", "F"],
        ImagerPixelSpacing=[1.2, 1.3],
        Manufacturer="SOME DEVICE",
    )
    return with_attributes(dataset, **attributes)


def digital(**attributes: object) -> Dataset:
    """A DX For Presentation instance of a chest."""
    dataset = chest(
        SOPClassUID=DigitalXRayImageStorageForPresentation,
        Modality="DX",
        ImageType=["DERIVED", "PRIMARY", ""],
        PresentationIntentType="FOR PRESENTATION",
        ViewCodeSequence=coded("272479007", "SCT", "postero-anterior"),
        AnatomicRegionSequence=coded("816094009", "SCT", "Chest"),
    )
    return with_attributes(dataset, **attributes)


def secondary_capture(**attributes: object) -> Dataset:
    """A secondary capture of a digitised film."""
    dataset = plain(
        SOPClassUID=SecondaryCaptureImageStorage,
        Modality="OT",
        ConversionType="DF",
        ImageType=["DERIVED", "SECONDARY"],
        BodyPartExamined="CHEST",
    )
    return with_attributes(dataset, **attributes)


def with_attributes(dataset: Dataset, **attributes: object) -> Dataset:
    """``dataset`` with attributes set, or removed where the value is None."""
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            # Archives hold what the standard forbids; the attribute would warn of it.
            with config.disable_value_validation():
                setattr(dataset, keyword, value)
    return dataset


def coded(value: str, scheme: str, meaning: str) -> Sequence:
    """A sequence of one coded entry."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def only_reason(dataset: Dataset) -> str:
    """The reason against ``dataset``, which must be the only one."""
    reasons = ineligibility(dataset)
    assert len(reasons) == 1, reasons
    assert "SECRET" not in reasons[0]
    return reasons[0]
