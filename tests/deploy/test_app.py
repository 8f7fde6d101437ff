"""The application as the SDK starts it, with a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from monai_covid.inference.study import StudyPipeline
from tests.deploy.conftest import DEPLOY
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph, save

pytestmark = pytest.mark.deploy

JANE, JUERGEN, BOZENA = PEOPLE[:3]


def _run(*options: object, **environment: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEPLOY / "app.py", *map(str, options)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **{k: str(v) for k, v in environment.items()}},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _answered(folder: Path) -> dict[str, Dataset]:
    return {str(one.SOPInstanceUID): one for one in map(dcmread, folder.rglob("*.dcm"))}


class Finished:
    """A run on the studies of three patients and on what lies beside them."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        """Run it."""
        source, self.output = folder / "in", folder / "out"
        self.studies = [
            save([radiograph(JANE, "a"), radiograph(JANE, "a", number=1, view="LL")], source / "x"),
            save([radiograph(JUERGEN, "b", modality="DX", number=2)], source),
            save([radiograph(BOZENA, "c", number=3, view="LL")], source / "x" / "y"),
        ]
        (source / "notes.txt").write_text("not DICOM")
        (source / "cut.dcm").write_bytes(self.studies[0][0].read_bytes()[:300])
        self.process = _run("-i", source, "-o", self.output, "-m", bundle)
        self.summary = json.loads((self.output / "summary.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory, bundle):
    return Finished(tmp_path_factory.mktemp("run"), bundle)


def test_it_succeeds_and_says_what_for(finished):
    assert finished.process.returncode == 0, finished.process.stderr
    assert finished.summary["status"] == "success"
    assert "Research use only. Not for diagnosis." in finished.process.stderr
    assert "stack" not in finished.process.stderr


def test_the_graph_gives_what_the_library_gives_for_each_study(finished, bundle):
    pipeline = StudyPipeline(bundle / "models" / "model.pt")
    expected = [one for files in finished.studies for one in pipeline(files).results]
    written = _answered(finished.output)
    assert sorted(written) == sorted(str(one.SOPInstanceUID) for one in expected)
    for one in expected:
        other = written[str(one.SOPInstanceUID)]
        assert (other.PatientID, other.PatientName) == (one.PatientID, one.PatientName)
        assert other.StudyInstanceUID == one.StudyInstanceUID
        assert other.SOPClassUID == one.SOPClassUID
        # Two processes round float32 differently.
        assert _numbers(other) == pytest.approx(_numbers(one), abs=1e-6)


def _numbers(dataset: Dataset) -> list[float]:
    return [float(each.value) for each in dataset.iterall() if each.keyword == "NumericValue"]


def test_each_folder_holds_results_of_one_patient(finished):
    folders = [path for path in finished.output.iterdir() if path.is_dir()]
    patients = [{dcmread(file).PatientID for file in folder.iterdir()} for folder in folders]
    assert sorted(map(sorted, patients)) == [[JANE.identifier], [JUERGEN.identifier]]


def test_laterals_are_refused_with_a_reason_and_files_listed(finished):
    refused = [one["reason"] for study in finished.summary["studies"] for one in study["refused"]]
    assert len(refused) == 2
    assert all("'LL'" in reason for reason in refused)
    assert len(finished.summary["refused_files"]) == 2


def test_logs_and_summary_hold_no_patient_data(finished):
    said = finished.process.stderr + finished.process.stdout
    said += (finished.output / "summary.json").read_text()
    for file in (file for files in finished.studies for file in files):
        dataset = dcmread(file)
        for keyword in ("PatientID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID"):
            assert dataset[keyword].value not in said.replace(str(finished.output), "")
        assert str(dataset.PatientName) not in said
        assert dataset.SOPInstanceUID not in said


def test_variables_stand_in_for_options_and_nothing_eligible_has_its_own_status(bundle, tmp_path):
    save([radiograph(JANE, "a", view="LL")], tmp_path / "in")
    places = {"INPUT": tmp_path / "in", "OUTPUT": tmp_path / "out", "MODEL": bundle / "models"}
    finished = _run(**{f"HOLOSCAN_{name}_PATH": path for name, path in places.items()})
    assert finished.returncode == 3, finished.stderr
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["exit_status"] == 3


def test_a_missing_model_is_wrong_usage(tmp_path):
    (tmp_path / "empty").mkdir()
    finished = _run("-i", tmp_path, "-o", tmp_path / "out", "-m", tmp_path / "empty")
    assert finished.returncode == 2
    assert f"{tmp_path / 'empty'}: no model file" in finished.stderr
    assert not (tmp_path / "out" / "summary.json").exists()
