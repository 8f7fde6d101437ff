import pytest

from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds, result_instances
from monai_covid.errors import OptionError
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, found_in


@pytest.mark.parametrize(
    ("stated", "kinds"),
    [
        (None, RESULT_KINDS),
        ("overlay, report", ("report", "overlay")),
        (["heatmap"], ("heatmap",)),
    ],
)
def test_kinds_are_chosen_by_name(stated, kinds):
    assert chosen_kinds(stated) == kinds


@pytest.mark.parametrize("stated", ["", "report,picture", []])
def test_other_names_are_refused_with_what_would_be_right(stated):
    with pytest.raises(OptionError, match="one or more of report,annotation,overlay,heatmap"):
        chosen_kinds(stated)


SERIES, STUDY = ("20260203", "101112"), ("20260202", "091011")


@pytest.mark.parametrize(
    ("series", "study", "expected"),
    [
        (SERIES, STUDY, SERIES),
        ((None, None), STUDY, STUDY),
        (("", SERIES[1]), STUDY, STUDY),
        (("yesterday", SERIES[1]), STUDY, STUDY),
        ((SERIES[0], "10:11:12"), STUDY, (SERIES[0], None)),
        ((None, None), (None, None), (None, None)),
    ],
)
def test_results_have_the_date_of_the_series_that_they_belong_to(series, study, expected):
    source = radiograph(PEOPLE[0], "series date")
    stated = dict(
        zip(("SeriesDate", "SeriesTime", "StudyDate", "StudyTime"), (*series, *study), strict=True)
    )
    for keyword, value in stated.items():
        source[keyword]._value = value
    for result in result_instances(found_in(source), ALGORITHM):
        assert (result.get("SeriesDate"), result.get("SeriesTime")) == expected
