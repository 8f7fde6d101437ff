import pytest
from pydicom.dataelem import DataElement

from monai_covid.dicom.eligibility.reasons import ineligibility
from tests.dicom.eligibility.chest import chest, only_reason

KEYWORDS = ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"]


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("value", [None, ""])
def test_missing_identifiers_are_refused(keyword, value):
    reason = only_reason(chest(**{keyword: value}))
    assert reason.startswith(f"{keyword} (00")
    assert "is missing or empty; results refer to it" in reason


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("value", ["SECRET^PERSON", "1.2." + "3" * 64, "1..2", "1.2."])
def test_values_that_are_no_identifiers_are_refused_without_being_shown(keyword, value):
    dataset = chest()
    # As a damaged file holds it; the attribute would warn.
    dataset[keyword] = DataElement(keyword, "UI", value, validation_mode=0)
    reason = only_reason(dataset)
    assert f"is not a UID ({len(value)} characters)" in reason
    assert value not in reason


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("value", ["1.02", "01.2", "1.2.826.0.1.3680043.8.498.0123.45"])
def test_numbers_that_begin_with_zero_are_accepted_as_devices_write_them(keyword, value):
    dataset = chest()
    dataset[keyword] = DataElement(keyword, "UI", value, validation_mode=0)
    assert ineligibility(dataset) == []
