"""Whatever is sent, the PACS can render it: with its plugin for GDCM it may end at an instance."""

from pathlib import Path

import pytest
import requests

from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.results import awaited, by_kind
from tests.dicom.orthanc.studies import radiograph, save

pytestmark = pytest.mark.pacs

ROUTES = ("preview", "rendered", "image-uint8", "image-uint16", "matlab", "frames/0/preview")
"""Of Orthanc's REST interface."""

SHOWN = ("preview", "rendered", "frames/0/preview")
"""What its pages show."""

PICTURES = ("secondary capture", "segmentation")


@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_the_pacs_outlives_rendering_every_result(
    shared: Hospital, tmp_path: Path, modality: str
) -> None:
    source = radiograph(PEOPLE[0], f"rendering-{modality}", modality=modality)
    shared.store(save([source], tmp_path))
    for kind, result in by_kind(awaited(shared.orthanc, source.StudyInstanceUID)).items():
        for route in ROUTES:
            path = f"/instances/{result.identifier}/{route}"
            try:
                assert shared.orthanc.get(path).content
            except requests.HTTPError:
                # Reports have no pixels, and colours are no grey values: these are answers too.
                assert kind not in PICTURES or route not in SHOWN, path
    assert shared.orthanc.get("/system").status_code == 200
