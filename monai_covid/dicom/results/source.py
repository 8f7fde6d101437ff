"""What a result takes over from its source image: header, patient, study and character set."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import config
from pydicom.charset import convert_encodings, python_encoding
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import validate_value

from monai_covid.dicom.reading.layout import is_uid, layout_of, named, value_of
from monai_covid.dicom.reading.lookup import tables_of
from monai_covid.dicom.reading.luts import is_present
from monai_covid.dicom.study import StudyError

UTF_8 = "ISO_IR 192"

LATIN_9 = frozenset({"ISO_IR 203", "ISO 2022 IR 203"})
"""Defined terms that pydicom does not know: it takes each byte for a letter of Latin-1."""

_DEFAULT = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})

_TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def fitting_character_set(header: Dataset, *texts: str) -> str | list[str] | None:
    """Return Specific Character Set (0008,0005) for a result.

    Args:
        header: Header of the source image; its texts go into the result.
        texts: Other texts that go in.

    Returns:
        The character set of ``header`` if it holds every text, else UTF-8: a header can name a
        wrong character set. Texts of a header in Latin-9, or without a character set although they
        have bytes beyond ASCII, are passed on byte for byte, so that whatever shows the image's
        name right shows the result's right.
    """
    stated = header.get("SpecificCharacterSet")
    names = [stated] if isinstance(stated, str) else list(stated or [])
    if LATIN_9 & set(names) and set(names) <= LATIN_9 | _DEFAULT and all(map(str.isascii, texts)):
        return names[0] if len(names) == 1 else names
    if all(name in python_encoding for name in names):
        encodings = convert_encodings(names)
        every = (*_texts_of(header), *texts)
        if all(_fits(letter, encodings) for text in every for letter in set(text)):
            return None if not names else names[0] if len(names) == 1 else names
    return UTF_8


def _texts_of(dataset: Dataset) -> Iterator[str]:
    for element in dataset.iterall():
        if element.VR in _TEXT_VRS and element.value:
            yield str(element.value)


def _fits(letter: str, encodings: list[str]) -> bool:
    return any(_encodes(letter, encoding) for encoding in encodings)


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


EMPTY_IF_MISSING = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Type 2 attributes of the Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1)."""

PATIENT_AND_STUDY = (
    *EMPTY_IF_MISSING,
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDs",
    "OtherPatientIDsSequence",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "EthnicGroup",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "StudyDescription",
    "ProcedureCodeSequence",
    "ReferencedStudySequence",
    "IssuerOfAccessionNumberSequence",
)
"""What results take over."""

_IMAGE = (
    "SpecificCharacterSet",
    "StudyInstanceUID",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "Modality",
    "InstanceNumber",
    "ImageType",
    "Manufacturer",
    "ManufacturerModelName",
    "InstitutionName",
    "StationName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "BodyPartExamined",
    "ViewPosition",
    "Laterality",
    "ImageLaterality",
    "PatientOrientation",
    "BurnedInAnnotation",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "VOILUTSequence",
    "PresentationLUTShape",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "AcquisitionContextSequence",
)

_TABLES = ("ModalityLUTSequence", "VOILUTSequence")
_VALIDATED = ("DA", "TM", "AS")
_SEXES = ("M", "F", "O")
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


def source_header(dataset: Dataset) -> Dataset:
    """Return what results take over from a source image, without its pixels.

    Attributes that every result must have are there, empty where the image lacks them. Numbers that
    cannot be parsed are left out; look-up tables are written anew as they are applied.

    Args:
        dataset: The image.

    Raises:
        StudyError: If a UID is missing or is none.
    """
    _check_uids(dataset)
    header = Dataset()
    for keyword in (*PATIENT_AND_STUDY, *_IMAGE):
        if keyword in dataset and _is_readable(dataset, keyword):
            header[keyword] = dataset[keyword]
    if any(is_present(dataset, keyword) for keyword in _TABLES):
        for keyword, table in tables_of(dataset, layout_of(dataset)).items():
            item = table.item(full_scale=keyword == "VOILUTSequence")
            if keyword == "ModalityLUTSequence":
                item.ModalityLUTType = dataset[keyword][0].get("ModalityLUTType") or "US"
            header[keyword] = DataElement(keyword, "SQ", [item])
    for keyword in EMPTY_IF_MISSING:
        if keyword not in header:
            setattr(header, keyword, None)
    return header


def _is_readable(dataset: Dataset, keyword: str) -> bool:
    try:
        value = value_of(dataset, keyword)
        if dataset[keyword].VR == "DS":
            for number in value if isinstance(value, MultiValue | list) else [value]:
                float(number or 0)
    except (TypeError, ValueError):
        return False
    return True


def without_patient(header: Dataset) -> Dataset:
    """Return ``header`` with nothing about patient and study but UIDs.

    Results are built with it: highdicom refuses values that hospitals do send (a sex of ``U``, a
    malformed date) and prints names that it takes for malformed.
    """
    plain = Dataset()
    for element in header:
        if element.keyword not in (*PATIENT_AND_STUDY, "SpecificCharacterSet"):
            plain[element.tag] = element
    for keyword in EMPTY_IF_MISSING:
        setattr(plain, keyword, None)
    return plain


def give_patient(result: Dataset, header: Dataset, *texts: str) -> None:
    """Put patient and study of ``header``, and when its series was made, into ``result``.

    Names and numbers that identify are passed on as they are, valid or not, so that archives find
    them. Dates, times, age and sex that are not valid stay empty.

    Args:
        result: Built with `without_patient`.
        header: Header of the image.
        texts: Words of ``result`` that its character set must hold too.
    """
    character_set = fitting_character_set(header, *texts)
    if character_set:
        result.SpecificCharacterSet = character_set
    for keyword in PATIENT_AND_STUDY:
        if keyword not in header:
            continue
        if _is_valid(header[keyword]):
            result[keyword] = header[keyword]
        elif keyword in EMPTY_IF_MISSING:
            setattr(result, keyword, None)
    _give_series_time(result, header)


def _give_series_time(result: Dataset, header: Dataset) -> None:
    """Put Series Date and Time of the image, or else those of its study, into ``result``.

    All results of a series must have the same (PS3.3 C.7.3.1), whenever they are made; when that
    was is in Content and Instance Creation Date and Time.
    """
    for level in ("Series", "Study"):
        date, time = f"{level}Date", f"{level}Time"
        if header.get(date) and _is_valid(header[date]):
            result.SeriesDate = header[date].value
            if header.get(time) and _is_valid(header[time]):
                result.SeriesTime = header[time].value
            return


def _is_valid(element: DataElement) -> bool:
    if element.keyword == "PatientSex":
        return element.value in (None, "", *_SEXES)
    if element.VR not in _VALIDATED or not element.value:
        return True
    try:
        validate_value(element.VR, str(element.value), config.RAISE)
    except ValueError:
        return False
    return True


def _check_uids(dataset: Dataset) -> None:
    for keyword in _NEEDED:
        if not is_uid(str(dataset.get(keyword) or "")):
            raise StudyError(f"{named(keyword)} is missing or not a UID; results need it")
