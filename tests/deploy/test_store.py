"""Results as files: all, or none."""

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from monai_covid.dicom.study import StudyOutcome
from tests.deploy.fake_pipeline import answer

pytestmark = pytest.mark.deploy


@pytest.fixture
def store(deploy):
    return deploy("operators.store_operator").store


def _answers(*uids: str) -> tuple[Dataset, ...]:
    source = Dataset()
    source.PatientID, source.PatientName, source.StudyInstanceUID = "P", "N", "1.2"
    made = []
    for uid in uids:
        source.SOPInstanceUID = uid
        made.append(answer(source))
    return tuple(made)


def test_each_result_is_a_file_named_by_its_uid(store, tmp_path):
    results = _answers("1.2.3", "1.2.4")
    store(StudyOutcome(results, ()), tmp_path / "new" / "study")
    read = {path.name: dcmread(path) for path in (tmp_path / "new" / "study").iterdir()}
    assert {name: one.ImageComments for name, one in read.items()} == {
        f"{result.SOPInstanceUID}.dcm": result.ImageComments for result in results
    }


def test_nothing_is_left_when_a_later_result_cannot_be_encoded(store, tmp_path):
    good, bad = _answers("1.2.3", "1.2.4")
    del bad.SOPClassUID
    with pytest.raises(AttributeError):
        store(StudyOutcome((good, bad), ()), tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_the_same_results_replace_those_of_an_earlier_run(store, tmp_path):
    outcome = StudyOutcome(_answers("1.2.3"), ())
    store(outcome, tmp_path / "study")
    (file,) = (tmp_path / "study").iterdir()
    before = file.read_bytes()
    store(outcome, tmp_path / "study")
    assert [path.read_bytes() for path in (tmp_path / "study").iterdir()] == [before]
