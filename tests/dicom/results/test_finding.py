import dataclasses

import numpy as np
import pytest

from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import found_in


@pytest.fixture(scope="module")
def finding():
    return found_in(radiograph(PEOPLE[0], "finding"))


def test_the_most_probable_class(finding):
    assert finding.most_probable == "covid19"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probabilities": (0.5, 0.5)}, "3 classes but 2 probabilities"),
        ({"probabilities": (0.5, 0.5, np.nan)}, "probabilities must lie"),
        ({"probabilities": (1.5, 0.0, 0.0)}, "probabilities must lie"),
        ({"explained": "cancer"}, "none of"),
        ({"relevance": np.zeros((3, 3), np.float32)}, "does not fit the image"),
        ({"relevance": np.full((512, 512), -1, np.float32)}, "relevance must lie"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(finding, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(finding, **change)
