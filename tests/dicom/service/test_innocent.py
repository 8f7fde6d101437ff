"""Who ended the process: the image that was being processed, or somebody outside."""

import json
import os
import subprocess
import sys

import pytest

from monai_covid.dicom.service.crashes import NOTE, crashes_noted, last_crash
from monai_covid.dicom.service.jobs import ATTEMPTS, Job, Jobs
from monai_covid.dicom.service.spool import Spool
from monai_covid.dicom.service.worker import INTERRUPTIONS
from tests.dicom.instances import saved
from tests.dicom.service.peers import send, wait_until
from tests.dicom.service.processes import process
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image, result_uid

BAD = "SECRET-BAD"


def reasons(spool):
    return [json.loads((job / "reason.json").read_text()) for job in folders(spool, "quarantine")]


def test_a_study_that_was_being_processed_at_three_kills_is_innocent(tmp_path, archive):
    spool, one = tmp_path / "spool", image()
    for number in range(3):
        begun = tmp_path / f"begun {number}"
        with process(spool, archive.url, block=begun, attempts=2) as service:
            if number == 0:
                assert send(service.port, one) == [0]
            wait_until(begun.exists)
            service.kill()
        assert last_crash(spool) == ""
    with running(settings(spool, archive.url, attempts=2), FakeProcessor()):
        wait_until(lambda: folders(spool, "done"))
    assert not folders(spool, "quarantine")
    assert archive.stored == [str(result_uid(one.SOPInstanceUID))]


def test_a_study_that_crashes_the_process_is_quarantined_and_the_others_answered(tmp_path, archive):
    spool = tmp_path / "spool"
    bad, good = image(PatientID=BAD), [image(PatientID=f"SECRET-{k}") for k in range(2)]
    expected = sorted(str(result_uid(one.SOPInstanceUID)) for one in good)
    with process(spool, archive.url, aborts=BAD, attempts=2) as service:
        assert send(service.port, bad, *good) == [0, 0, 0]
        wait_until(service.has_ended)
    assert last_crash(spool) == "Aborted"
    with process(spool, archive.url, aborts=BAD, attempts=2) as service:
        wait_until(service.has_ended)
        assert "crashed before" in service.events()
    with process(spool, archive.url, aborts=BAD, attempts=2) as service:
        wait_until(lambda: folders(spool, "quarantine"))
        wait_until(lambda: len(folders(spool, "done")) == 2)
        assert not service.has_ended()
    assert sorted(archive.stored) == expected
    (reason,) = reasons(spool)
    assert "2 attempts" in reason["reason"]
    assert "the service ended while processing it: Aborted" in reason["reason"]
    assert BAD not in json.dumps(reason)


@pytest.fixture
def spool(tmp_path):
    one = Spool(tmp_path / "spool")
    one.open()
    yield one
    one.close()


def job_in(spool, name, number=0):
    folder = spool.processing / name
    folder.mkdir()
    saved(image(PatientID=f"SECRET-{number}"), folder / "0.dcm")
    return Job(folder)


def test_what_is_interrupted_again_and_again_is_given_up(spool, archive):
    jobs, job = Jobs(spool), job_in(spool, "job")
    for _ in range(INTERRUPTIONS):
        jobs.begin(job)
        jobs.settle("")
    assert (job.attempts(), job.interruptions(), job.is_begun()) == (0, INTERRUPTIONS, False)
    spool.close()
    with running(settings(spool.folder, archive.url, attempts=1), FakeProcessor()):
        wait_until(lambda: folders(spool.folder, "quarantine"))
    assert "ended from outside 3 times" in reasons(spool.folder)[0]["reason"]


def test_those_of_which_the_process_may_have_ended_wait_for_the_others(spool, archive):
    jobs = Jobs(spool)
    names = ["1 crashed", "2 interrupted twice", "3 interrupted once", "4"]
    made = {name: job_in(spool, name, number) for number, name in enumerate(names)}
    for name, crash in [(names[1], ""), (names[1], ""), (names[2], ""), (names[0], "Aborted")]:
        jobs.begin(made[name])
        jobs.settle(crash)
    jobs.begin(made[names[0]])
    jobs.settle("Aborted")
    spool.close()
    processor = FakeProcessor()
    with running(settings(spool.folder, archive.url), processor):
        wait_until(lambda: len(folders(spool.folder, "done")) == 4)
    assert processor.patients == [{f"SECRET-{number}"} for number in (2, 3, 1, 0)]


def test_attempts_of_earlier_versions_count(spool):
    job = job_in(spool, "job")
    (job.folder / ATTEMPTS).write_text('{"attempts": 1, "error": ""}')
    Jobs(spool).settle("")
    assert (job.attempts(), job.interruptions()) == (1, 0)


def test_a_signal_of_the_process_itself_is_noted(tmp_path):
    program = (
        "import pathlib, sys; from monai_covid.dicom.service.crashes import crashes_noted\n"
        "with crashes_noted(pathlib.Path(sys.argv[1])): {action}"
    )
    for action, noted in [
        ("import ctypes; ctypes.string_at(0)", "Segmentation fault"),
        ("import os; os.abort()", "Aborted"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ""),
        ("pass", ""),
    ]:
        command = [sys.executable, "-c", program.format(action=action), str(tmp_path)]
        subprocess.run(command, check=False, capture_output=True)
        assert last_crash(tmp_path) == noted
    assert not (tmp_path / NOTE).exists()


def test_a_spool_that_cannot_be_written_is_no_reason_not_to_run(tmp_path):
    entered = False
    with crashes_noted(tmp_path / "absent"):
        entered = True
    assert entered
    assert not os.path.lexists(tmp_path / "absent")
