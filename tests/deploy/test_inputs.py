"""Finding the studies in a folder."""

import hashlib
import os

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from tests.deploy.fake_pipeline import radiograph


@pytest.fixture
def find_studies(deploy):
    return deploy("inputs").find_studies


def test_files_are_grouped_by_study_and_patient_at_any_depth(find_studies, tmp_path):
    radiograph(tmp_path / "1", "P", "S", "shared")
    radiograph(tmp_path / "deep" / "down" / "2.dcm", "P", "S", "other")
    radiograph(tmp_path / "3", "Q", "S", "shared")
    radiograph(tmp_path / "4", "P", "T", "shared")
    radiograph(tmp_path / "5", "P", "S", "shared", IssuerOfPatientID="elsewhere")
    inputs = find_studies(tmp_path)
    groups = [[file.name for file in files] for files in inputs.studies.values()]
    assert sorted(groups) == [["1", "2.dcm"], ["3"], ["4"], ["5"]]
    assert inputs.refused == []
    assert len({key.name for key in inputs.studies}) == 4


def test_the_name_of_a_study_tells_nothing_and_stays_the_same(find_studies, tmp_path):
    radiograph(tmp_path / "1", "SECRET", "S")
    (name,) = (key.name for key in find_studies(tmp_path).studies)
    assert name == next(iter(find_studies(tmp_path / "1").studies)).name
    assert len(name) == 16
    assert set(name) <= set("0123456789abcdef")


def test_what_is_no_dicom_file_is_found_again_by_its_hash(find_studies, tmp_path):
    (tmp_path / "DOE^JOHN.txt").write_text("hello")
    (refused,) = find_studies(tmp_path).refused
    assert refused.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert (
        refused.reason
        == "is not a DICOM file (no 'DICM' at byte 128), or is cut off: it has 5 bytes"
    )


def test_a_dicomdir_is_refused_and_the_files_beside_it_are_found(find_studies, tmp_path):
    radiograph(tmp_path / "source", "P", "S")
    source = dcmread(tmp_path / "source")
    source.SeriesNumber, source.InstanceNumber, source.StudyID = 1, 1, "1"
    source.StudyDate, source.StudyTime = "20200101", "120000"
    files = FileSet()
    files.add(source)
    files.write(tmp_path / "medium")
    inputs = find_studies(tmp_path / "medium")
    assert [len(files) for files in inputs.studies.values()] == [1]
    assert [file.reason for file in inputs.refused] == [
        "is a DICOMDIR, which has no image; the files beside it do"
    ]


def test_instances_without_a_study_are_refused(find_studies, tmp_path):
    radiograph(tmp_path / "1", "P", "S", StudyInstanceUID="")
    inputs = find_studies(tmp_path)
    assert inputs.studies == {}
    assert "Study Instance UID (0020,000D)" in inputs.refused[0].reason


def test_broken_links_pipes_and_empty_files_are_listed_and_not_waited_for(find_studies, tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c").touch()
    inputs = find_studies(tmp_path)
    assert inputs.studies == {}
    assert [bool(file.sha256) for file in inputs.refused] == [False, False, True]
    assert "broken link or no regular file" in inputs.refused[0].reason


def test_a_circle_of_links_ends(find_studies, tmp_path):
    radiograph(tmp_path / "a" / "1", "P", "S")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    inputs = find_studies(tmp_path)
    assert [len(files) for files in inputs.studies.values()] == [1]
