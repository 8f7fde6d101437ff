"""Is it an X-ray picture as the device made it, and not something made of one?"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
)

from monai_covid.dicom.eligibility.body_part import tells_body_part
from monai_covid.dicom.eligibility.words import (
    first_in,
    items_of,
    text_of,
    values_of,
    word_found,
    words_of,
)
from monai_covid.dicom.identity import MANUFACTURER
from monai_covid.dicom.reading.layout import named, quoted, uid_name
from monai_covid.dicom.reading.pixel_checks import RADIOGRAPH_MODALITIES

RADIOGRAPH_CLASSES = (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation)

ELIGIBLE_CLASSES = (*RADIOGRAPH_CLASSES, SecondaryCaptureImageStorage)

REFUSED_CONVERSIONS = {
    "SYN": "a synthetic image",
    "DRW": "a drawing",
    "SD": "a scanned document",
    "DV": "a digitised video frame",
}
"""Conversion Types (DICOM PS3.3 C.8.6.1) that no radiograph has."""

_WORKSTATION = "WSD"
"""Conversion Type of pictures that a workstation made, those of other image analysis among them."""

MADE_WORDS = frozenset(
    {
        *("CAD", "HEATMAP", "OVERLAY", "SALIENCY", "SEGMENTATION", "SYNTHETIC", "ANNOTATED"),
        *("STITCHED", "STITCHING", "COMPOSED", "TOMOSYNTHESIS", "PHANTOM"),
        *("SUPPRESSION", "SUPPRESSED", "SUBTRACTION", "SUBTRACTED"),
    }
)
"""Words of Image Type and Series Description by which altered or other images are known."""

PAGE_WORDS = frozenset(
    {
        *("AI", "SCREEN", "SCREENSHOT", "SCREENSAVE", "REPORT", "DOSE", "RDSR", "REQUEST", "FORM"),
        *("DOCUMENT", "SUMMARY", "LOGO"),
    }
)
"""More such words, which count in Image Type and in the Series Description of secondary captures.

Radiographs of a device have descriptions like LOW DOSE and TB SCREEN.
"""

_NAMING = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ContributionDescription")

_AS_MADE = "a radiograph as the device or the film scanner made it is processed"


def sop_class_problems(dataset: Dataset) -> Iterator[str]:
    """Say why ``dataset`` is of a kind that cannot be a radiograph for display."""
    uid = str(dataset.get("SOPClassUID") or "")
    if uid not in ELIGIBLE_CLASSES:
        expected = " / ".join(known.name for known in ELIGIBLE_CLASSES)
        yield f"{named('SOPClassUID')} is {_class_name(uid)}; one of {expected} is processed"


def _class_name(uid: str) -> str:
    return f"'{uid_name(uid)}'" if uid else "missing"


def origin_problems(dataset: Dataset) -> Iterator[str]:
    r"""Say why ``dataset`` is not a radiograph as it came from the device or the film scanner.

    DERIVED\PRIMARY is what every processed DX image says of itself and is no reason.
    """
    yield from _own_result_problems(dataset)
    if _is_secondary_capture(dataset):
        yield from _secondary_capture_problems(dataset)
    else:
        yield from _radiograph_problems(dataset)
    yield from _colour_problems(dataset)
    yield from _word_problems(dataset)
    yield from _statement_problems(dataset)


def _is_secondary_capture(dataset: Dataset) -> bool:
    return bool(dataset.get("SOPClassUID") == SecondaryCaptureImageStorage)


def _own_result_problems(dataset: Dataset) -> Iterator[str]:
    """Refuse what this package wrote, or the results of results would be made for ever."""
    for equipment in (dataset, *items_of(dataset, "ContributingEquipmentSequence")):
        for keyword in _NAMING:
            if any(
                _letters(MANUFACTURER) in _letters(text) for text in values_of(equipment, keyword)
            ):
                yield f"{named(keyword)} names {MANUFACTURER}: it is a result, not a radiograph"
                return


def _letters(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _radiograph_problems(dataset: Dataset) -> Iterator[str]:
    if _is_derived(dataset):
        kind = values_of(dataset, "ImageType")
        yield (
            f"{named('ImageType')} is {quoted(_joined(kind))}: made of another image after the "
            "examination; ORIGINAL\\PRIMARY or DERIVED\\PRIMARY is processed"
        )


def _colour_problems(dataset: Dataset) -> Iterator[str]:
    """Refuse colour, in secondary captures too: an annotation needs a grey image."""
    if dataset.get("SamplesPerPixel") not in (None, "", 1):
        yield (
            f"{named('SamplesPerPixel')} is {quoted(dataset.SamplesPerPixel)}, a colour image; "
            "1 (grey) is processed"
        )


def _secondary_capture_problems(dataset: Dataset) -> Iterator[str]:
    conversion = text_of(dataset, "ConversionType")
    if conversion in REFUSED_CONVERSIONS:
        yield (
            f"{named('ConversionType')} is {quoted(conversion)}, {REFUSED_CONVERSIONS[conversion]};"
            " DF (digitised film), DI or SI is processed"
        )
    elif conversion == _WORKSTATION and _is_made(dataset):
        yield (
            f"{named('ConversionType')} is 'WSD', made by a workstation, with "
            f"{named('ImageType')} {quoted(_joined(values_of(dataset, 'ImageType')))} and "
            f"{named('Modality')} {quoted(text_of(dataset, 'Modality'))}; as WSD only an image "
            "that is not DERIVED\\SECONDARY and not OT is processed"
        )
    for keyword in ("SourceImageSequence", "ReferencedImageSequence"):
        if items_of(dataset, keyword):
            yield (
                f"{named(keyword)} is present in a secondary capture: it was made of an instance "
                "that is to be processed in its place"
            )
    if not text_of(dataset, "Modality"):
        expected = " / ".join(RADIOGRAPH_MODALITIES)
        yield f"{named('Modality')} is missing; a secondary capture needs one of {expected}"
    if not tells_body_part(dataset):
        yield (
            f"{named('BodyPartExamined')} is missing and no description names the chest; a "
            "secondary capture can show anything, so CHEST is needed"
        )


def _is_made(dataset: Dataset) -> bool:
    """Tell whether what a workstation wrote is its own picture rather than a radiograph."""
    return _is_derived(dataset) or text_of(dataset, "Modality") == "OT"


def _is_derived(dataset: Dataset) -> bool:
    return values_of(dataset, "ImageType")[:2] == ["DERIVED", "SECONDARY"]


def _word_problems(dataset: Dataset) -> Iterator[str]:
    for value in values_of(dataset, "ImageType")[2:]:
        if first_in(words_of(value), MADE_WORDS | PAGE_WORDS):
            yield f"{named('ImageType')} has the value {quoted(value)}; {_AS_MADE}"
    is_capture = _is_secondary_capture(dataset)
    vocabulary = MADE_WORDS | PAGE_WORDS if is_capture else MADE_WORDS
    word = first_in(words_of(text_of(dataset, "SeriesDescription")), vocabulary)
    if word:
        yield f"{word_found('SeriesDescription', word)}; {_AS_MADE}"


def _statement_problems(dataset: Dataset) -> Iterator[str]:
    qualification = text_of(dataset, "ContentQualification")
    if qualification and qualification != "PRODUCT":
        yield f"{named('ContentQualification')} is {quoted(qualification)}; PRODUCT is processed"
    if text_of(dataset, "QualityControlImage") == "YES":
        yield f"{named('QualityControlImage')} is 'YES', a phantom; NO is processed"
    if text_of(dataset, "AnatomicalOrientationType") == "QUADRUPED":
        yield (
            f"{named('AnatomicalOrientationType')} is 'QUADRUPED', an animal; BIPED is processed"
        )


def _joined(values: list[str]) -> str:
    return "\\".join(values)
