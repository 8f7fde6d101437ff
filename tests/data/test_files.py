"""Files appear whole or not at all."""

import os
import stat

import pytest

from monai_covid.data.files import atomic_path, write_text


def test_the_file_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "new" / "folder" / "table.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("a")
        assert temporary.suffix == ".csv"
        assert temporary.parent == target.parent
        assert not target.exists()
    assert target.read_text() == "a"
    assert [file.name for file in target.parent.iterdir()] == ["table.csv"]


def test_after_an_error_everything_is_as_before(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_a_reader_never_sees_a_mixture(tmp_path):
    target = tmp_path / "table.csv"
    write_text(target, "old")
    with target.open() as reader:
        write_text(target, "new and longer")
        assert reader.read() == "old"
    assert target.read_text() == "new and longer"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_those_of_an_ordinary_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "table.csv", "a")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == 0o666 & ~mask


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "text.txt", "±40° µ")
    assert (tmp_path / "text.txt").read_bytes() == "±40° µ".encode()
