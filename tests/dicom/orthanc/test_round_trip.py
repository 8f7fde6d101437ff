"""From a modality to the PACS to the service and back to the PACS."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileDataset

from monai_covid.inference.study import StudyPipeline
from tests.dicom.orthanc import reports
from tests.dicom.orthanc.expected import close_to, probabilities
from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.results import Filed, awaited, by_kind, found, source_of
from tests.dicom.orthanc.server import Orthanc
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph, save
from tests.dicom.orthanc.validation import errors

pytestmark = pytest.mark.pacs

IDENTITY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
)


@pytest.fixture(scope="module", params=["CR", "DX"])
def source(request: pytest.FixtureRequest) -> FileDataset:
    """A radiograph of either kind of device."""
    number = ["CR", "DX"].index(request.param)
    study = f"round-trip-{request.param}"
    return radiograph(PEOPLE[1], study, modality=request.param, number=number)


@pytest.fixture(scope="module")
def results(
    shared: Hospital, source: FileDataset, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Filed]:
    """What came back for it."""
    shared.store(save([source], tmp_path_factory.mktemp("source")))
    return by_kind(awaited(shared.orthanc, source.StudyInstanceUID))


def test_results_come_back_either_way_alone(model: Path, tmp_path: Path) -> None:
    source = radiograph(PEOPLE[0], "one-way")
    service = Service(tmp_path / "service", model)
    by_store = Orthanc(tmp_path / "by-store", service.port)
    by_web = Orthanc(tmp_path / "by-web", service.port)
    service.destinations = [by_store.store_destination, by_web.web_destination]
    with by_store, by_web, service:
        Hospital(by_store, service).store(save([source], tmp_path / "source"))
        for orthanc, origin in ((by_store, "DicomProtocol"), (by_web, "Plugins")):
            for result in by_kind(awaited(orthanc, source.StudyInstanceUID)).values():
                place = f"/instances/{result.identifier}/metadata/Origin"
                assert orthanc.get(place).text == origin
                assert source_of(result.dataset) == source.SOPInstanceUID


def test_results_are_filed_with_the_patient_and_study(
    results: dict[str, Filed], source: FileDataset
) -> None:
    for kind, result in results.items():
        for keyword in IDENTITY:
            assert result.dataset.get(keyword) == source[keyword].value, (kind, keyword)
        assert result.dataset.SeriesInstanceUID != source.SeriesInstanceUID
        assert "research use only" in result.dataset.SeriesDescription.lower(), kind


def test_the_study_is_found_with_its_results(
    shared: Hospital, results: dict[str, Filed], source: FileDataset
) -> None:
    (match,) = shared.orthanc.web.search_for_studies(
        search_filters={"PatientID": source.PatientID, "StudyInstanceUID": source.StudyInstanceUID}
    )
    study = Dataset.from_json(match)
    assert str(study.PatientName) == str(source.PatientName)
    assert {"SR", "PR", "SEG"} < set(study.ModalitiesInStudy)
    uids = {result.dataset.SOPInstanceUID for result in results.values()}
    assert uids <= set(found(shared.orthanc, source.StudyInstanceUID))


@pytest.mark.parametrize("path", ["preview", "rendered"])
def test_the_capture_is_shown_as_it_is(
    path: str, shared: Hospital, results: dict[str, Filed]
) -> None:
    capture = results["secondary capture"]
    if path == "preview":
        shown = shared.orthanc.get(f"/instances/{capture.identifier}/preview").content
    else:
        one = capture.dataset
        shown = shared.orthanc.web.retrieve_instance_rendered(
            one.StudyInstanceUID,
            one.SeriesInstanceUID,
            one.SOPInstanceUID,
            media_types=("image/png",),
        )
    picture = np.asarray(Image.open(io.BytesIO(shown)))
    np.testing.assert_array_equal(picture, capture.dataset.pixel_array)
    # A heatmap over a radiograph: many greys, and colours too.
    assert len(np.unique(picture)) > 100
    spread = picture.max(axis=2).astype(int) - picture.min(axis=2)
    assert (spread > 50).mean() > 0.01


def test_the_heatmap_is_shown(shared: Hospital, results: dict[str, Filed]) -> None:
    heatmap = results["segmentation"]
    shown = shared.orthanc.get(f"/instances/{heatmap.identifier}/preview").content
    picture = np.asarray(Image.open(io.BytesIO(shown))).astype(float)
    stored = heatmap.dataset.pixel_array.astype(float)
    assert stored.max() == 255 and len(np.unique(stored)) > 20
    assert np.corrcoef(picture.ravel(), stored.ravel())[0, 1] > 0.999


def test_two_programs_read_the_same_report(
    results: dict[str, Filed], source: FileDataset, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    content = results["report"].content
    by_highdicom, by_dcmtk = (
        reports.read_by_highdicom(content),
        reports.read_by_dcmtk(content, tmp_path),
    )
    assert by_highdicom == by_dcmtk
    expected = probabilities(pipeline, [source])[source.SOPInstanceUID]
    assert by_dcmtk.probabilities == close_to(expected)
    assert by_dcmtk.most_probable[2] == max(expected, key=expected.__getitem__)
    assert by_dcmtk.image == source.SOPInstanceUID
    assert "research use only" in reports.dump(content, tmp_path).lower()


def test_the_report_points_to_the_heatmap(results: dict[str, Filed], tmp_path: Path) -> None:
    text = reports.dump(results["report"].content, tmp_path)
    assert f'"{results["segmentation"].dataset.SOPInstanceUID}"' in text


def test_every_result_is_valid(
    results: dict[str, Filed], source: FileDataset, tmp_path: Path
) -> None:
    (file,) = save([source], tmp_path / "source")
    assert errors(file.read_bytes(), tmp_path) == [], "of the source itself"
    for kind, result in results.items():
        assert errors(result.content, tmp_path) == [], kind


def test_processing_again_gives_the_same_instances(shared: Hospital, tmp_path: Path) -> None:
    source = radiograph(PEOPLE[0], "again", number=3)
    files = save([source], tmp_path / "source")
    shared.store(files)
    first = awaited(shared.orthanc, source.StudyInstanceUID)
    shared.settled()
    for result in first:
        shared.orthanc.delete(f"/instances/{result.identifier}")
    assert found(shared.orthanc, source.StudyInstanceUID) == []
    shared.store_to_service(files)
    second = awaited(shared.orthanc, source.StudyInstanceUID)
    for before, after in zip(first, second, strict=True):
        assert after.dataset.SOPInstanceUID == before.dataset.SOPInstanceUID
        assert after.dataset.SeriesInstanceUID == before.dataset.SeriesInstanceUID
        old, new = _without_times(before.dataset), _without_times(after.dataset)
        assert str(new).splitlines() == str(old).splitlines()
        assert new == old


def test_sending_again_adds_nothing(shared: Hospital, tmp_path: Path) -> None:
    source = radiograph(PEOPLE[0], "resent", number=4)
    files = save([source], tmp_path / "source")
    shared.store(files)
    first = awaited(shared.orthanc, source.StudyInstanceUID)
    shared.settled()
    shared.store_to_service(files)
    shared.settled()
    second = awaited(shared.orthanc, source.StudyInstanceUID)
    assert [one.identifier for one in second] == [one.identifier for one in first]


def _without_times(dataset: Dataset) -> Dataset:
    """A copy without when it was made."""
    copy = Dataset(dataset)
    for element in list(copy):
        if element.VR in {"DA", "TM", "DT"}:
            del copy[element.tag]
        elif element.VR == "SQ":
            copy[element.tag].value = [_without_times(item) for item in element.value]
    return copy
