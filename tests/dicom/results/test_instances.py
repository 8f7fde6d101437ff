import pytest

from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds
from monai_covid.errors import OptionError


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
