"""What is left out of a DICOM header is a caution, here as in the service."""

import pytest
from pydicom import dcmread

from monai_covid.inference.image import open_radiograph
from monai_covid.inference.selection import select_images
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph, save


@pytest.mark.parametrize("assess", [True, False])
def test_a_window_that_is_left_out_is_a_caution_of_the_answer(tmp_path, assess):
    source = radiograph(PEOPLE[0], "caution")
    source.WindowCenter, source.WindowWidth = 0, 0
    (path,) = save([source], tmp_path)
    image = open_radiograph(path, assess=assess)
    assert image.error == ""
    assert "WindowWidth (0028,1051) is 0, which is no window; it was left out" in image.cautions
    (eligible,) = select_images([dcmread(path)], keep_unsuitable=True).images
    assert image.cautions[0] in eligible.radiograph.cautions
