"""One run of the operator graph."""

import threading
from pathlib import Path

import pytest

from monai_covid.dicom.study import Refusal, StudyError
from tests.deploy.fake_pipeline import FakePipeline, radiograph

pytestmark = pytest.mark.deploy


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
def process(deploy, pipeline):
    return deploy("processor").GraphProcessor(pipeline)


def test_the_frontal_image_is_answered_and_the_lateral_refused_with_a_reason(
    process, pipeline, tmp_path
):
    frontal = radiograph(tmp_path / "a", "P", "S")
    lateral = radiograph(tmp_path / "b", "P", "S", ViewPosition="LL")
    results, refusals = process([tmp_path / "a", tmp_path / "b"])
    assert [result.ImageComments for result in results] == [frontal]
    assert refusals == (Refusal(lateral, "no PA", tmp_path / "b"),)
    assert pipeline.calls == [("select", 2), ("infer", 1), ("write", 1)]


def test_every_series_and_image_of_a_study_is_looked_at(process, tmp_path):
    files = [tmp_path / name for name in "abcd"]
    # The SDK's own loader keeps one image of a series for each Image Position (Patient).
    position = {"ImagePositionPatient": [0, 0, 0]}
    expected = [
        radiograph(file, "P", "S", series, **position)
        for file, series in zip(files, "1122", strict=True)
    ]
    results, refusals = process(files)
    assert sorted(result.ImageComments for result in results) == sorted(expected)
    assert refusals == ()


def test_a_series_without_modality_is_looked_at_too(process, tmp_path):
    expected = [
        radiograph(tmp_path / "a", "P", "S", "1"),
        radiograph(tmp_path / "b", "P", "S", "2", Modality=""),
    ]
    results, refusals = process([tmp_path / "a", tmp_path / "b"])
    assert sorted(result.ImageComments for result in results) == sorted(expected)
    assert refusals == ()


def test_damaged_files_are_refused_one_by_one_without_naming_them(process, tmp_path):
    good = radiograph(tmp_path / "good", "P", "S")
    damaged, text = tmp_path / "DOE^JOHN damaged", tmp_path / "DOE^JOHN text"
    damaged.write_bytes((tmp_path / "good").read_bytes()[:132] + b"\xff" * 60)
    text.write_text("no DICOM" * 40)
    results, refusals = process([damaged, tmp_path / "good", text])
    assert [result.ImageComments for result in results] == [good]
    assert [refusal.file for refusal in refusals] == [damaged, text]
    assert not any("DOE" in refusal.reason for refusal in refusals)
    assert refusals[0].reason.startswith("cannot be parsed as DICOM: End of file reached")
    assert refusals[1].reason.startswith("is not a DICOM file")


def test_the_same_study_of_two_patients_is_not_processed_together(process, tmp_path, pipeline):
    radiograph(tmp_path / "a", "P", "S")
    radiograph(tmp_path / "b", "Q", "S")
    with pytest.raises(StudyError, match="2 instances belong to 2 different studies or patients"):
        process([tmp_path / "a", tmp_path / "b"])
    assert pipeline.calls == []


def test_two_studies_that_share_a_series_are_not_processed_together(process, tmp_path):
    radiograph(tmp_path / "a", "P", "S", "shared")
    radiograph(tmp_path / "b", "P", "T", "shared")
    with pytest.raises(StudyError, match="2 different studies"):
        process([tmp_path / "a", tmp_path / "b"])


class _OwnError(Exception):
    """Known to nobody."""


@pytest.mark.parametrize(
    ("step", "error"),
    [
        *(("select", error) for error in (StudyError("no good"), _OwnError("x"), MemoryError())),
        *(("infer", error) for error in (StudyError("no good"), MemoryError())),
        *(("write", error) for error in (StudyError("no good"), OSError("disk"))),
    ],
)
def test_errors_come_out_of_the_graph_as_they_are(
    process, pipeline, tmp_path, monkeypatch, step, error
):
    radiograph(tmp_path / "a", "P", "S")

    def fail(_: object) -> None:
        raise error from ZeroDivisionError()

    monkeypatch.setattr(pipeline, step, fail)
    with pytest.raises(type(error)) as caught:
        process([tmp_path / "a"])
    assert caught.value is error
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("step", ["infer", "write"])
def test_an_image_that_fails_costs_the_others_nothing(
    process, pipeline, tmp_path, monkeypatch, step
):
    files = [tmp_path / name for name in "abc"]
    first, second, third = (radiograph(file, "P", "S") for file in files)
    done = getattr(pipeline, step)

    def fail_at_the_second(items):
        if items[0].header.SOPInstanceUID == second:
            raise _OwnError("DOE^JOHN")
        return done(items)

    monkeypatch.setattr(pipeline, step, fail_at_the_second)
    results, refusals = process(files)
    assert [result.ImageComments for result in results] == [first, third]
    (refusal,) = refusals
    assert refusal.failed
    assert (refusal.sop_instance_uid, refusal.file) == (second, files[1])
    assert refusal.reason.startswith("fails unexpectedly: _OwnError in test_graph.py, line ")


def test_the_graph_runs_again_after_an_error_and_in_another_thread(
    process, pipeline, tmp_path, monkeypatch
):
    uid = radiograph(tmp_path / "a", "P", "S")
    with monkeypatch.context() as patch, pytest.raises(TypeError):
        patch.setattr(pipeline, "select", None)
        process([tmp_path / "a"])
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(process([tmp_path / "a"])))
    thread.start()
    thread.join(timeout=60)
    assert [result.ImageComments for result in outcomes[0].results] == [uid]


def test_results_are_written_only_where_a_folder_is_given(process, tmp_path):
    radiograph(tmp_path / "in" / "a", "P", "S")
    first = process([tmp_path / "in" / "a"])
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    again = process([tmp_path / "in" / "a"], tmp_path / "out" / "study")
    assert [path.name for path in (tmp_path / "out" / "study").iterdir()] == [
        f"{again.results[0].SOPInstanceUID}.dcm"
    ]
    assert first.results[0].SOPInstanceUID == again.results[0].SOPInstanceUID


def test_links_to_the_files_are_gone_afterwards(process, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    radiograph(tmp_path / "a", "P", "S")
    process([tmp_path / "a"])
    assert list(folder.iterdir()) == []
    assert Path(tmp_path / "a").is_file()
