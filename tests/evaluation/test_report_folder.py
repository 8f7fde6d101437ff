import json
import shutil

import pandas as pd
import pytest

from monai_covid.evaluation import report_folder
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_folder import write_report
from tests.evaluation.tables import CLASSES, LABELS, multi_label, single_label

COMMON = {"metrics.json", "metrics.csv", "metrics.txt", "predictions.csv", "roc.png"}


@pytest.fixture(scope="module")
def report():
    return evaluate_table(single_label(), CLASSES, resamples=100)


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    """The report as a folder, which no test changes."""
    return write_report(report, tmp_path_factory.mktemp("written") / "report")


@pytest.fixture
def earlier(written, tmp_path):
    """A report that was written before, alone in its folder."""
    return shutil.copytree(written, tmp_path / "r")


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_single_label_files(tmp_path, report):
    folder = write_report(report, tmp_path / "deep" / "report")
    assert names(folder) == COMMON | {"confusion_matrix.csv", "confusion_matrix.png"}
    assert names(folder.parent) == {"report"}
    counts = pd.read_csv(folder / "confusion_matrix.csv", index_col="true")
    assert counts.to_numpy().tolist() == report.confusion.tolist()
    frame = pd.read_csv(folder / "metrics.csv")
    assert frame["value"].tolist() == pytest.approx([row.value for row in report.rows])


def test_evaluating_the_written_predictions_gives_the_same(written, report):
    again = read_predictions(written / "predictions.csv", CLASSES)
    assert evaluate_table(again, CLASSES, resamples=100).rows == report.rows


def test_multi_label_files(tmp_path):
    report = evaluate_table(multi_label(), LABELS, resamples=50)
    assert names(write_report(report, tmp_path / "r")) == COMMON | {"label_auc.png"}


def test_two_runs_write_the_same_bytes(tmp_path, written, report):
    second = write_report(report, tmp_path / "b")
    for path in written.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_existing_report_is_kept_unless_allowed(tmp_path, earlier, report):
    folder = earlier
    (folder / "note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"already has metrics\.json"):
        write_report(report, folder)
    assert (folder / "note.txt").exists()
    write_report(report, folder, overwrite=True)
    assert not (folder / "note.txt").exists()
    assert names(tmp_path) == {"r"}


def test_folders_that_are_no_report_are_never_replaced(tmp_path, report):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"no metrics\.json"):
        write_report(report, tmp_path, overwrite=True)
    with pytest.raises(FileExistsError, match="is a file"):
        write_report(report, tmp_path / "thesis.txt", overwrite=True)
    assert names(tmp_path) == {"thesis.txt"}


def test_empty_folder_is_taken(tmp_path, report):
    (tmp_path / "r").mkdir()
    assert (write_report(report, tmp_path / "r") / "metrics.json").is_file()


def test_failure_leaves_the_old_report_and_no_rubbish(tmp_path, earlier, report, monkeypatch):
    folder = earlier
    before = json.loads((folder / "metrics.json").read_text())

    def fail(*_):
        raise RuntimeError("disk full")

    monkeypatch.setattr(report_folder, "draw_roc_curves", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_report(report, folder, overwrite=True)
    with pytest.raises(RuntimeError, match="disk full"):
        write_report(report, tmp_path / "new")
    assert names(tmp_path) == {"r"}
    assert json.loads((folder / "metrics.json").read_text()) == before


def test_failed_last_step_brings_the_old_report_back(tmp_path, earlier, report, monkeypatch):
    folder = earlier
    rename = type(folder).rename

    def fail_for_the_new_one(self, target):
        if self.name == "new":
            raise OSError("no permission")
        return rename(self, target)

    monkeypatch.setattr(type(folder), "rename", fail_for_the_new_one)
    with pytest.raises(OSError, match="no permission"):
        write_report(report, folder, overwrite=True)
    assert (folder / "metrics.json").is_file()
    assert names(tmp_path) == {"r"}
