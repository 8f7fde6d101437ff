"""What is kept for reference has an end."""

import os
import time

from monai_covid.dicom.service.spool import SECONDS_A_DAY, Spool, tidy
from tests.dicom.service.running import folders, settings


def aged(path, days):
    then = time.time() - days * SECONDS_A_DAY
    os.utime(path, (then, then))


def test_old_studies_and_records_go(tmp_path):
    spool = Spool(tmp_path)
    spool.open()
    for name, days in (("old", 31), ("new", 29)):
        (spool.quarantine / name).mkdir()
        (spool.quarantine / name / "x.dcm").touch()
        aged(spool.quarantine / name, days)
        (spool.done / f"{name}.json").touch()
        aged(spool.done / f"{name}.json", days)
    tidy(spool, settings(tmp_path))
    assert [one.name for one in folders(tmp_path, "quarantine")] == ["new"]
    assert [one.name for one in folders(tmp_path, "done")] == ["new.json"]
    assert folders(tmp_path, "trash") == []
    spool.close()


def test_the_oldest_of_too_many_records_go(tmp_path):
    spool = Spool(tmp_path)
    spool.open()
    for day in range(1, 6):
        (spool.done / f"2026010{day}T000000-x.json").touch()
    tidy(spool, settings(tmp_path, keep_done=2))
    assert [one.name[7] for one in folders(tmp_path, "done")] == ["4", "5"]
    spool.close()
