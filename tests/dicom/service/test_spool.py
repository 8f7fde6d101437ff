"""The spool folder itself."""

import pytest

from monai_covid.dicom.service.durable import Disk, read_json
from monai_covid.dicom.service.spool import Spool
from monai_covid.errors import OptionError


def test_a_file_in_the_way_is_an_error_that_names_the_folder(tmp_path):
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(OptionError, match=r"--spool is .*spool, which cannot be used"):
        Spool(tmp_path / "spool").open()


def test_a_disk_that_takes_nothing_is_an_error_and_the_lock_is_let_go(tmp_path):
    class Full(Disk):
        def write(self, path, *parts):
            raise OSError(28, "No space left on device")

    with pytest.raises(OptionError, match="No space left on device"):
        Spool(tmp_path, Full()).open()
    spool = Spool(tmp_path)
    spool.open()
    spool.close()


def test_others_may_not_read_it(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.open()
    spool.close()
    for folder in (spool.folder, spool.received, spool.quarantine):
        assert folder.stat().st_mode & 0o077 == 0


def test_what_others_may_read_is_closed_to_them(tmp_path):
    job = tmp_path / "spool" / "quarantine" / "job"
    job.mkdir(parents=True)
    (elsewhere := tmp_path / "elsewhere").write_text("not of the spool")
    for folder in (job, job.parent, job.parent.parent):
        folder.chmod(0o775)
    (job / "reason.json").write_text("{}")
    (job / "reason.json").chmod(0o664)
    elsewhere.chmod(0o664)
    (job / "link").symlink_to(elsewhere)
    spool = Spool(tmp_path / "spool")
    spool.open()
    spool.disk.write(spool.receiving / "new.part", b"an image")
    spool.close()
    modes = {
        path: path.lstat().st_mode & 0o777
        for path in (spool.folder, job.parent, job, job / "reason.json")
    }
    assert list(modes.values()) == [0o700, 0o700, 0o700, 0o600]
    assert (spool.receiving / "new.part").stat().st_mode & 0o777 == 0o600
    assert elsewhere.stat().st_mode & 0o777 == 0o664


def test_small_files_are_replaced_whole(tmp_path):
    file = tmp_path / "x.json"
    Disk().write_json(file, {"a": 1})
    Disk().write_json(file, {"a": 2})
    assert read_json(file) == {"a": 2}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_a_folder_whose_name_is_not_on_the_disk_for_certain_is_made_again(tmp_path):
    class Failing(Disk):
        synchronised = 0

        def sync_folder(self, folder):
            self.synchronised += 1
            if self.synchronised == 1:
                raise OSError(5, "Input/output error")
            super().sync_folder(folder)

    disk = Failing()
    with pytest.raises(OSError, match="Input/output error"):
        disk.make_folder(tmp_path / "group")
    disk.make_folder(tmp_path / "group")
    assert disk.synchronised == 2
    assert (tmp_path / "group").is_dir()


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_damaged_small_files_are_empty(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    assert read_json(tmp_path / "x.json") == {}
