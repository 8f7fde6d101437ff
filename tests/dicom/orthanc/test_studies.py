"""Studies of several images, in several batches, and with identifiers used twice."""

from pathlib import Path

import pytest

from monai_covid.inference.study import StudyPipeline
from tests.dicom.instances import in_syntax
from tests.dicom.orthanc import reports
from tests.dicom.orthanc.expected import close_to, probabilities
from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import PEOPLE, Person, numbered
from tests.dicom.orthanc.results import awaited, by_image, by_kind, source_of
from tests.dicom.orthanc.sending import PROPOSED
from tests.dicom.orthanc.studies import radiograph, save

pytestmark = pytest.mark.pacs

PERSON = PEOPLE[0]


def test_the_lateral_is_refused_and_the_frontal_answered(shared: Hospital, tmp_path: Path) -> None:
    frontal = radiograph(PERSON, "two-views", modality="DX", number=1, view="PA")
    lateral = radiograph(PERSON, "two-views", modality="DX", number=2, view="LL")
    record = shared.handled(save([frontal, lateral], tmp_path / "source"))
    (refusal,) = record["refusals"]
    assert "lateral" in refusal["reason"].lower() or "LL" in refusal["reason"]
    results = awaited(shared.orthanc, frontal.StudyInstanceUID)
    assert {source_of(result.dataset) for result in results} == {frontal.SOPInstanceUID}


def test_several_images_in_several_series(
    shared: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    sources = [
        radiograph(PERSON, "series", series=series, number=number)
        for series, number in ((1, 1), (1, 2), (2, 3))
    ]
    shared.store(save(sources, tmp_path / "source"))
    results = by_image(awaited(shared.orthanc, sources[0].StudyInstanceUID, images=3))
    for image, expected in probabilities(pipeline, sources).items():
        report = reports.read_by_dcmtk(results[image]["report"].content, tmp_path)
        assert report.image == image
        assert report.probabilities == close_to(expected)


def test_a_study_that_arrives_in_two_batches(shared: Hospital, tmp_path: Path) -> None:
    sources = [radiograph(PERSON, "batches", series=number, number=number) for number in (1, 2)]
    first, second = (save([source], tmp_path / "source") for source in sources)
    study = sources[0].StudyInstanceUID
    shared.store(first)
    early = awaited(shared.orthanc, study)
    shared.store(second)
    late = awaited(shared.orthanc, study, images=2)
    assert set(by_image(late)) == {source.SOPInstanceUID for source in sources}
    assert {one.identifier for one in early} < {one.identifier for one in late}


def test_the_same_image_twice_in_one_batch(shared: Hospital, tmp_path: Path) -> None:
    source = radiograph(PERSON, "twice-sent", number=5)
    (file,) = save([source], tmp_path / "source")
    record = shared.handled([file, file])
    assert record["images"] == 1
    shared.settled()
    by_kind(awaited(shared.orthanc, source.StudyInstanceUID))


def test_an_image_uid_that_two_patients_share(
    shared: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    for number, person in enumerate(numbered(2, "SHARED-UID")):
        source = radiograph(person, "shared-uid", number=number)
        source.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.4711"
        source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
        expected = probabilities(pipeline, [source])[source.SOPInstanceUID]
        shared.handled(save([source], tmp_path / str(number)))
        results = by_kind(awaited(shared.orthanc, source.StudyInstanceUID))
        assert {one.dataset.PatientID for one in results.values()} == {person.identifier}
        report = reports.read_by_dcmtk(results["report"].content, tmp_path)
        assert report.probabilities == close_to(expected)


def test_a_study_uid_that_two_patients_share(
    shared: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    sources = [
        radiograph(person, "shared-study-uid", number=number)
        for number, person in enumerate(numbered(2, "SHARED-STUDY"))
    ]
    sources[1].StudyInstanceUID = sources[0].StudyInstanceUID
    expected = probabilities(pipeline, sources)
    shared.store_to_service(save(sources, tmp_path / "source"))
    results = by_image(awaited(shared.orthanc, sources[0].StudyInstanceUID, images=2))
    for source in sources:
        kinds = results[source.SOPInstanceUID]
        assert {one.dataset.PatientID for one in kinds.values()} == {source.PatientID}
        report = reports.read_by_dcmtk(kinds["report"].content, tmp_path)
        assert report.probabilities == close_to(expected[source.SOPInstanceUID])


@pytest.mark.parametrize("syntax", PROPOSED, ids=lambda syntax: syntax.keyword)
def test_transfer_syntaxes(
    syntax: str, shared: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    bits = 8 if syntax.name.startswith("JPEG Baseline") else 12
    person = Person("Syntax^Sam", f"SYNTAX-{syntax.keyword[:40]}")
    source = in_syntax(radiograph(person, "syntax", bits=bits, number=6), syntax)
    files = save([source], tmp_path / "source")
    expected = probabilities(pipeline, [source])[source.SOPInstanceUID]
    shared.store(files)
    results = by_kind(awaited(shared.orthanc, source.StudyInstanceUID))
    report = reports.read_by_dcmtk(results["report"].content, tmp_path)
    assert report.probabilities == close_to(expected)
