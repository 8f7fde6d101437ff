"""Answers made while a study may still get more images."""

import shutil

import numpy as np
import pytest

from monai_covid.inference import prefetch
from monai_covid.inference.prefetch import STALE, PrefetchingPipeline
from monai_covid.inference.study import StudyPipeline
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph, save

JANE, JUERGEN = PEOPLE[:2]


@pytest.fixture(scope="module")
def pipeline(model):
    return StudyPipeline(model)


class Counting:
    """A pipeline that notes which images it answers."""

    def __init__(self, pipeline):
        self._pipeline = pipeline
        self.select = pipeline.select
        self.answered = []

    def answers(self, images):
        images = list(images)
        self.answered += [image.file.name for image in images]
        return self._pipeline.answers(images)


def test_the_answer_is_that_of_the_pipeline(pipeline, tmp_path):
    files = save([radiograph(JANE, "ahead", number=n) for n in (1, 2)], tmp_path)
    counted = Counting(pipeline)
    ahead = PrefetchingPipeline(counted)
    assert ahead.look_ahead(files[1])
    assert counted.answered == [files[1].name]
    found = ahead(files)
    assert counted.answered == [files[1].name, files[0].name]
    assert found.refusals == ()
    expected = pipeline(files)
    assert len(found.results) == 8
    for one, other in zip(found.results, expected.results, strict=True):
        assert one.SOPInstanceUID == other.SOPInstanceUID
        if "PixelData" in other:
            assert one.PixelData == other.PixelData


def test_an_answer_is_found_after_the_folder_was_renamed_and_used_once(pipeline, tmp_path):
    (file,) = save([radiograph(JANE, "renamed")], tmp_path / "received")
    counted = Counting(pipeline)
    ahead = PrefetchingPipeline(counted)
    ahead.look_ahead(file)
    shutil.move(tmp_path / "received", tmp_path / "processing")
    moved = tmp_path / "processing" / file.name
    assert len(ahead([moved]).results) == 4
    assert len(counted.answered) == 1
    assert len(ahead([moved]).results) == 4
    assert len(counted.answered) == 2


def test_another_file_in_its_place_is_answered_by_itself(pipeline, tmp_path):
    (file,) = save([radiograph(JANE, "replaced", number=1)], tmp_path)
    counted = Counting(pipeline)
    ahead = PrefetchingPipeline(counted)
    ahead.look_ahead(file)
    (other,) = save([radiograph(JANE, "replaced", number=2)], tmp_path / "other")
    other.replace(file)
    found = ahead([file])
    assert len(counted.answered) == 2
    expected = {each.SOPInstanceUID for each in pipeline([file]).results}
    assert {each.SOPInstanceUID for each in found.results} == expected


def test_refused_images_are_refused_in_their_turn(pipeline, tmp_path):
    lateral = radiograph(JANE, "refused", number=1, view="LL")
    on_its_head = radiograph(JANE, "refused", number=2)
    on_its_head.PixelData = np.ascontiguousarray(on_its_head.pixel_array[::-1, ::-1]).tobytes()
    files = save([lateral, on_its_head], tmp_path)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no DICOM")
    ahead = PrefetchingPipeline(pipeline)
    assert all(ahead.look_ahead(file) for file in (*files, broken))
    for file in (*files, broken):
        outcome = ahead([file])
        assert outcome.results == ()
        assert outcome.refusals == pipeline([file]).refusals


def test_answers_of_patients_that_are_mixed_are_dropped(pipeline, tmp_path):
    one, other = radiograph(JANE, "mix", number=1), radiograph(JANE, "mix", number=2)
    other.PatientID = JUERGEN.identifier
    files = save([one, other], tmp_path)
    ahead = PrefetchingPipeline(pipeline, most=2)
    for file in files:
        ahead.look_ahead(file)
    assert not ahead.look_ahead(files[0])
    with pytest.raises(ValueError, match="different studies or patients"):
        ahead(files)
    assert ahead.look_ahead(files[0])


def test_only_so_many_answers_are_kept_and_none_for_ever(pipeline, tmp_path):
    files = save([radiograph(JANE, "many", number=n) for n in (1, 2, 3)], tmp_path)
    now = [0.0]
    counted = Counting(pipeline)
    ahead = PrefetchingPipeline(counted, most=2, clock=lambda: now[0])
    assert [ahead.look_ahead(file) for file in files] == [True, True, False]
    assert len(counted.answered) == 2
    now[0] = STALE + 1
    assert ahead.look_ahead(files[2])
    ahead(files)
    assert counted.answered == [files[k].name for k in (0, 1, 2, 0, 1)]


def test_only_so_many_bytes_of_answers_are_kept(pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr(prefetch, "MOST_BYTES", 1000)
    files = save([radiograph(JANE, "bytes", number=n) for n in (1, 2)], tmp_path)
    ahead = PrefetchingPipeline(pipeline)
    assert [ahead.look_ahead(file) for file in files] == [True, False]
    assert len(ahead(files).results) == 8
    assert ahead.look_ahead(files[1])
