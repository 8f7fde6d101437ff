import re

import pytest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from monai_covid.dicom.eligibility.reasons import SPACINGS, ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import chest, digital, only_reason, plain
from tests.dicom.instances import saved


def test_an_instance_that_says_nothing_is_processed():
    assert ineligibility(plain()) == []


@pytest.mark.parametrize(
    ("attributes", "start"),
    [
        ({"NumberOfFrames": 2}, "NumberOfFrames (0028,0008) is 2"),
        ({"Modality": "MG"}, "Modality (0008,0060) is 'MG'"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "PresentationIntentType (0008,0068)"),
        ({"PresentationLUTShape": "INVERSE"}, "PresentationLUTShape (2050,0020) is 'INVERSE'"),
        ({"PixelData": b""}, "PixelData (7FE0,0010) is missing or empty"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PhotometricInterpretation (0028,0004)"),
    ],
)
def test_what_the_reader_refuses_is_not_eligible(attributes, start):
    assert only_reason(digital(**attributes)).startswith(start)


def test_all_reasons_are_given_together():
    reasons = ineligibility(
        chest(ViewPosition="LL", BodyPartExamined="HAND", StudyInstanceUID="", NumberOfFrames=3)
    )
    keywords = [reason.split(" ")[0] for reason in reasons]
    assert keywords == ["StudyInstanceUID", "ViewPosition", "BodyPartExamined", "NumberOfFrames"]


def test_an_element_that_cannot_be_parsed_is_a_reason():
    dataset = chest()
    put_raw(dataset, "WindowWidth", b"SECRET\\0.1")
    dataset.WindowCenter = 5
    assert only_reason(dataset) == (
        "WindowWidth (0028,1051) is no number; "
        "a finite number (with a decimal point, no comma) is needed"
    )


def put_raw(dataset, keyword, value, representation="DS"):
    """Put in what no library writes."""
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, representation, len(value), value, 0, False, True)


@pytest.mark.parametrize("spacing", [b"0,70\\0,70", b"0.7mm\\0.7mm", b"\\", b"1e999\\1"])
@pytest.mark.parametrize("keyword", SPACINGS)
def test_a_spacing_that_is_no_number_is_ignored_since_nothing_needs_it(keyword, spacing):
    dataset = chest()
    del dataset.ImagerPixelSpacing
    put_raw(dataset, keyword, spacing)
    assert ineligibility(dataset) == []


@pytest.mark.parametrize("value", ["2047,5", "2047.5.1", "1.024,5"])
@pytest.mark.parametrize("keyword", ["WindowCenter", "RescaleSlope", "RescaleIntercept"])
def test_a_number_that_is_needed_is_refused_with_its_value(keyword, value):
    dataset = chest(WindowCenter=5, WindowWidth=9)
    put_raw(dataset, keyword, value.encode())
    reason = only_reason(dataset)
    assert keyword in reason
    assert f"is '{value}'; a finite number (with a decimal point, no comma) is needed" in reason
    with pytest.raises(ImageReadError, match=re.escape(reason)):
        read_radiograph(dataset)


@pytest.mark.parametrize("keyword", ["Modality", "ViewPosition", "BodyPartExamined"])
def test_a_damaged_length_does_not_bring_the_patient_into_the_reason(tmp_path, keyword):
    path = saved(chest(Modality="MG", ViewPosition="LL", BodyPartExamined="HAND"), tmp_path / "a")
    content = bytearray(path.read_bytes())
    tag = Tag(keyword)
    header = tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little") + b"CS"
    place = content.index(header) + len(header)
    content[place : place + 2] = (200).to_bytes(2, "little")
    path.write_bytes(content)
    reasons = ineligibility(read_header(path))
    assert reasons
    assert "SECRET" not in "".join(reasons)


def test_pixels_are_not_decoded(tmp_path):
    path = saved(chest(), tmp_path / "image.dcm")
    dataset = read_header(path)
    assert ineligibility(dataset) == []
    assert dataset._pixel_array is None
    assert dataset == dcmread(path)


@pytest.mark.real_data
def test_real_instances_are_processed(real_data):
    paths = sorted((real_data / "dicom").glob("*.dcm"))
    assert len(paths) == 6
    for path in paths:
        assert ineligibility(read_header(path)) == [], path.name
