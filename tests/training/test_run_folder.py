"""When the folder of a run may be written to."""

import time

import pytest

from monai_covid.errors import RunFolderError
from monai_covid.training.run_folder import RunFolder
from tests.processes import WarmProcess

RUN_FILES = ("last.pt", "model.pt", "learning_curve.csv")


def visible(folder):
    return sorted(file for file in folder.rglob("*") if not file.name.startswith("."))


@pytest.fixture
def used(tmp_path):
    for name in (*RUN_FILES, "summary.json", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "events").touch()
    return tmp_path


def test_a_new_folder_is_made_when_opened(tmp_path):
    folder = RunFolder(tmp_path / "new" / "run")
    folder.check()
    assert not list(tmp_path.iterdir())
    folder.open()
    assert folder.path.is_dir()
    assert not visible(folder.path)


@pytest.mark.parametrize("name", RUN_FILES)
@pytest.mark.parametrize("method", ["check", "open"])
def test_a_run_is_not_touched_without_being_asked(tmp_path, name, method):
    (tmp_path / name).write_text("earlier")
    with pytest.raises(RunFolderError, match=r"holds a run already.*--resume True.*--overwrite"):
        getattr(RunFolder(tmp_path), method)()
    assert (tmp_path / name).read_text() == "earlier"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_with_other_files_is_used(tmp_path):
    (tmp_path / "notes.txt").touch()
    RunFolder(tmp_path).open()


@pytest.mark.parametrize("method", ["check", "open"])
def test_resuming_and_overwriting_exclude_each_other(used, method):
    with pytest.raises(RunFolderError, match="resume and overwrite are mutually exclusive"):
        getattr(RunFolder(used, resume=True, overwrite=True), method)()
    assert (used / "last.pt").exists()


def test_resuming_leaves_everything(used):
    before = visible(used)
    RunFolder(used, resume=True).open()
    assert visible(used) == before


def test_overwriting_removes_the_run_when_opened_and_nothing_else(used):
    folder = RunFolder(used, overwrite=True)
    folder.check()
    assert (used / "model.pt").exists()
    folder.open()
    assert {path.name for path in used.iterdir()} == {"notes.txt", ".lock"}


@pytest.mark.parametrize("method", ["check", "open"])
@pytest.mark.parametrize("below", ["file", "file/run", "file/a/run"])
def test_a_file_in_the_way_is_named(tmp_path, method, below):
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match=r"cannot be written to \(.*file is a file\)"):
        getattr(RunFolder(tmp_path / below, overwrite=True), method)()


def test_a_folder_that_refuses_files(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(RunFolderError, match=r"cannot be written to \(Read-only file system\)"):
        RunFolder(tmp_path / "run").open()


def test_half_written_files_of_a_killed_run_are_removed(tmp_path):
    for name in (".last-ab12.pt", ".model-x_9.pt", ".summary-1.json", "last.pt", ".other-1.pt"):
        (tmp_path / name).touch()
    RunFolder(tmp_path, resume=True).open()
    assert {file.name for file in tmp_path.iterdir()} == {"last.pt", ".other-1.pt", ".lock"}


def hold(folder, held, released):
    """Train in a folder until a file is there."""
    RunFolder(folder, resume=True).open()
    held.touch()
    while not released.exists():
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_a_folder_that_another_process_trains_in_is_left_alone(used, mode, tmp_path_factory):
    signs = tmp_path_factory.mktemp("signs")
    held, released = signs / "held", signs / "released"
    before = visible(used)
    other = WarmProcess(hold, used, held, released, folder=signs)
    deadline = time.monotonic() + 120
    while not held.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(RunFolderError, match="another process trains in this folder"):
        RunFolder(used, **{mode: True}).open()
    assert visible(used) == before
    released.touch()
    assert other.finish().returncode == 0
    RunFolder(used, **{mode: True}).open()


def test_a_process_may_open_its_run_again(used):
    first = RunFolder(used, resume=True)
    first.open()
    RunFolder(used, resume=True).open()
