"""All studies of a folder, and the exit status."""

import json
from pathlib import Path

import pytest
from pydicom import dcmread

from monai_covid.dicom.study import StudyError
from tests.deploy.fake_pipeline import FakePipeline, radiograph

pytestmark = pytest.mark.deploy


@pytest.fixture
def process_folder(deploy):
    return deploy("batch").process_folder


def _results(folder: Path) -> dict[str, str]:
    """Patient of each result, by the instance that it answers."""
    read = [dcmread(path) for path in folder.rglob("*.dcm")]
    return {one.ImageComments: one.PatientID for one in read}


def _summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def test_three_patients_get_their_own_results(process_folder, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    expected = {
        radiograph(source / f"{number}.dcm", patient, f"study of {patient}"): patient
        for number, patient in enumerate(("P", "Q", "R", "P", "Q"))
    }
    pipeline = FakePipeline()
    assert process_folder(source, output, pipeline) == 0
    assert _results(output) == expected
    folders = {
        folder.name: {dcmread(path).PatientID for path in folder.iterdir()}
        for folder in output.iterdir()
        if folder.is_dir()
    }
    assert sorted(map(len, folders.values())) == [1, 1, 1]
    assert [call for call in pipeline.calls if call[0] == "select"] == [
        ("select", 2),
        ("select", 2),
        ("select", 1),
    ]


def test_patients_that_share_study_and_series_are_kept_apart(process_folder, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    expected = {
        radiograph(source / "a", "P", "S"): "P",
        radiograph(source / "b", "Q", "S"): "Q",
        radiograph(source / "c", "P", "S", IssuerOfPatientID="elsewhere"): "P",
        radiograph(source / "d", "P", "T"): "P",
    }
    pipeline = FakePipeline()
    assert process_folder(source, output, pipeline) == 0
    assert _results(output) == expected
    assert pipeline.calls.count(("select", 1)) == 4


def test_one_failing_study_does_not_keep_the_others_from_their_results(
    process_folder, tmp_path, monkeypatch
):
    source, output = tmp_path / "in", tmp_path / "out"
    good = radiograph(source / "a", "P", "S")
    radiograph(source / "b", "Q", "T", ImageComments="fail")
    pipeline = FakePipeline()
    infer = pipeline.infer

    def fail_sometimes(images):
        if any(image.header.get("ImageComments") == "fail" for image in images):
            raise KeyError("DOE^JOHN")
        return infer(images)

    monkeypatch.setattr(pipeline, "infer", fail_sometimes)
    assert process_folder(source, output, pipeline) == 1
    assert _results(output) == {good: "P"}
    errors = [study["error"] for study in _summary(output)["studies"]]
    assert sorted(map(bool, errors)) == [False, True]
    told = "fails unexpectedly: KeyError in test_batch.py, line "
    assert any((error or "").startswith(told) for error in errors)
    assert "DOE" not in (output / "summary.json").read_text()


def test_a_failing_image_makes_the_status_and_not_the_results_of_the_others(
    process_folder, tmp_path, monkeypatch
):
    source, output = tmp_path / "in", tmp_path / "out"
    good = radiograph(source / "a", "P", "S")
    bad = radiograph(source / "b", "P", "S")
    pipeline = FakePipeline()
    write = pipeline.write

    def fail_sometimes(findings):
        if findings[0].header.SOPInstanceUID == bad:
            raise KeyError("DOE^JOHN")
        return write(findings)

    monkeypatch.setattr(pipeline, "write", fail_sometimes)
    assert process_folder(source, output, pipeline) == 1
    assert _results(output) == {good: "P"}
    (study,) = _summary(output)["studies"]
    assert (len(study["results"]), len(study["refused"])) == (1, 1)
    assert "KeyError in test_batch.py" in study["error"]


def test_patients_without_a_number_are_told_apart_by_their_names(process_folder, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    for name in ("DOE^JOHN", "ROE^RICHARD"):
        radiograph(source / name, "", "S", PatientName=name)
    assert process_folder(source, output, FakePipeline()) == 0
    assert len(_summary(output)["studies"]) == 2
    assert "DOE" not in (output / "summary.json").read_text()


def test_a_study_error_is_told_in_its_own_words(process_folder, tmp_path, monkeypatch):
    radiograph(tmp_path / "in" / "a", "P", "S")
    pipeline = FakePipeline()

    def refuse(_: object) -> None:
        raise StudyError("too many lungs")

    monkeypatch.setattr(pipeline, "select", refuse)
    assert process_folder(tmp_path / "in", tmp_path / "out", pipeline) == 1
    assert _summary(tmp_path / "out")["studies"][0]["error"] == "too many lungs"


def test_results_that_cannot_be_written_fail_the_study_and_leave_nothing(
    process_folder, tmp_path, monkeypatch
):
    radiograph(tmp_path / "in" / "a", "P", "S")
    radiograph(tmp_path / "in" / "b", "P", "S")
    pipeline = FakePipeline()
    write = pipeline.write

    def half_broken(findings):
        (result,) = write(findings)
        if findings[0].file == tmp_path / "in" / "b":
            del result.SOPClassUID
        return (result,)

    monkeypatch.setattr(pipeline, "write", half_broken)
    assert process_folder(tmp_path / "in", tmp_path / "out", pipeline) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.json"]


def test_nothing_eligible_has_a_status_of_its_own_and_reasons(process_folder, tmp_path):
    radiograph(tmp_path / "in" / "a", "P", "S", ViewPosition="LL")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    assert process_folder(tmp_path / "in", tmp_path / "out", FakePipeline()) == 3
    summary = _summary(tmp_path / "out")
    assert (summary["status"], summary["exit_status"]) == ("nothing_eligible", 3)
    assert [one["reason"] for one in summary["studies"][0]["refused"]] == ["no PA"]
    assert summary["refused_files"][0]["reason"].startswith("is not a DICOM file")


def test_an_empty_folder_has_nothing_eligible(process_folder, tmp_path):
    (tmp_path / "in").mkdir()
    assert process_folder(tmp_path / "in", tmp_path / "out", FakePipeline()) == 3
    assert _summary(tmp_path / "out")["studies"] == []


def test_the_summary_holds_no_patient_data(process_folder, tmp_path):
    uids = [
        radiograph(tmp_path / "in" / "DOE^JOHN" / "a", "SECRET-1", "S", AccessionNumber="ACC-9"),
        radiograph(tmp_path / "in" / "DOE^JOHN" / "b", "SECRET-1", "S", ViewPosition="LL"),
    ]
    (tmp_path / "in" / "DOE^JOHN" / "c").write_text("hello")
    assert process_folder(tmp_path / "in", tmp_path / "out", FakePipeline()) == 0
    text = (tmp_path / "out" / "summary.json").read_text()
    study = dcmread(tmp_path / "in" / "DOE^JOHN" / "a").StudyInstanceUID
    for secret in ("SECRET", "DOE", "NAME", "ACC-9", str(tmp_path), study, *uids):
        assert secret not in text
    assert "Research use only" in text
