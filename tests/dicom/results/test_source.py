import pytest

from monai_covid.dicom.results.source import source_header
from monai_covid.dicom.study import StudyError
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import bare, radiograph


def test_pixels_stay_behind():
    assert "PixelData" not in source_header(radiograph(PEOPLE[0], "source"))


def test_what_a_result_must_have_is_there_even_if_the_image_lacks_it():
    dataset = bare(radiograph(PEOPLE[0], "source"))
    for keyword in ("PatientID", "PatientName", "StudyDate", "AccessionNumber"):
        delattr(dataset, keyword)
    header = source_header(dataset)
    assert not any((header.PatientID, header.StudyDate, header.AccessionNumber))


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
@pytest.mark.parametrize("value", [None, "", "not a uid"])
def test_uids_are_needed(keyword, value):
    dataset = radiograph(PEOPLE[0], "source")
    if value is None:
        delattr(dataset, keyword)
    else:
        setattr(dataset, keyword, value)
    with pytest.raises(StudyError, match=rf"{keyword} \(00.*missing or not a UID"):
        source_header(dataset)
