"""Patients of all countries, and images with as few attributes as the standard allows."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset

from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import PEOPLE, Person
from tests.dicom.orthanc.reports import dump
from tests.dicom.orthanc.results import awaited, by_kind
from tests.dicom.orthanc.studies import bare, radiograph, save
from tests.dicom.orthanc.validation import errors

pytestmark = pytest.mark.pacs


def source_of_person(person: Person) -> FileDataset:
    number = PEOPLE.index(person)
    return radiograph(person, "names", modality=["CR", "DX"][number % 2], number=number)


@pytest.fixture(scope="module")
def sent(shared: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The servers after everyone's radiograph has been sent, in one association."""
    sources = [source_of_person(person) for person in PEOPLE]
    shared.store(save(sources, tmp_path_factory.mktemp("names")))
    return shared


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.identifier)
def test_a_name_stays_as_it_is(person: Person, sent: Hospital, tmp_path: Path) -> None:
    source = source_of_person(person)
    results = by_kind(awaited(sent.orthanc, source.StudyInstanceUID))
    for kind, result in results.items():
        assert str(result.dataset.PatientName) == person.name, kind
        assert result.dataset.PatientID == person.identifier, kind
        assert str(result.dataset.ReferringPhysicianName) == "Referrer^Rita", kind
        assert errors(result.content, tmp_path) == [], kind
    (match,) = sent.orthanc.web.search_for_studies(
        search_filters={"StudyInstanceUID": source.StudyInstanceUID}
    )
    assert str(Dataset.from_json(match).PatientName) == person.name


def test_a_name_as_dcmtk_reads_it(sent: Hospital, tmp_path: Path) -> None:
    (person,) = [one for one in PEOPLE if one.identifier == "CYRILLIC-1"]
    results = awaited(sent.orthanc, source_of_person(person).StudyInstanceUID)
    assert person.name in dump(by_kind(results)["report"].content, tmp_path)


@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_missing_optional_attributes(modality: str, shared: Hospital, tmp_path: Path) -> None:
    person = Person("", f"BARE-{modality}")
    source = bare(radiograph(person, "bare", modality=modality))
    shared.store(save([source], tmp_path / "source"))
    for kind, result in by_kind(awaited(shared.orthanc, source.StudyInstanceUID)).items():
        assert errors(result.content, tmp_path) == [], kind
        assert result.dataset.PatientID == person.identifier
        assert not result.dataset.PatientName


def test_no_patient_id_at_all(shared: Hospital, tmp_path: Path) -> None:
    source = radiograph(Person("Nobody^Known", ""), "no-id")
    shared.store(save([source], tmp_path / "source"))
    for kind, result in by_kind(awaited(shared.orthanc, source.StudyInstanceUID)).items():
        assert errors(result.content, tmp_path) == [], kind
        assert not result.dataset.PatientID
        assert str(result.dataset.PatientName) == "Nobody^Known"
