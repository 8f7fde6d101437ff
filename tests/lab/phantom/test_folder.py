import pytest

from monai_covid.errors import InputError
from monai_covid.lab.phantom.folder import new_folder

NAMES = frozenset({"a.txt", "b.txt"})


def fill(out, name="a.txt", overwrite=False):
    with new_folder(out, NAMES, overwrite=overwrite) as folder:
        (folder / name).write_text("new")


def test_a_new_folder_appears_whole(tmp_path):
    fill(tmp_path / "deep" / "out")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "new"


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").exists()


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path):
    fill(tmp_path / "out")
    with pytest.raises(InputError, match=r"out: is not empty \(1 entries\)"):
        fill(tmp_path / "out", "b.txt")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.txt"]


def test_overwriting_replaces_the_whole_folder(tmp_path):
    fill(tmp_path / "out")
    fill(tmp_path / "out", "b.txt", overwrite=True)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b.txt"]


def test_overwriting_never_deletes_files_of_others(tmp_path):
    (tmp_path / "thesis.tex").write_text("three years")
    with pytest.raises(InputError, match=r"holds other files: thesis\.tex"):
        fill(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file"):
        fill(tmp_path / "out", overwrite=True)


@pytest.mark.parametrize("exists", [False, True])
def test_after_an_exception_everything_is_as_before(tmp_path, exists):
    if exists:
        fill(tmp_path / "out")
    with (
        pytest.raises(RuntimeError),
        new_folder(tmp_path / "out", NAMES, overwrite=True) as folder,
    ):
        (folder / "b.txt").write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if exists else [])
    assert not (tmp_path / "out" / "b.txt").exists()
