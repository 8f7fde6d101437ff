"""The process: signals and exit status."""

import signal

import pytest

from tests.dicom.service.peers import send, wait_until
from tests.dicom.service.processes import process
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_keeps_what_waits(tmp_path, archive, number):
    spool = tmp_path / "spool"
    with process(spool, archive.url, quiet_time=60.0) as one:
        assert send(one.port, image()) == [0]
        one.signal(number)
        assert one.wait() == 0
        assert one.events()[-1] == "stopped"
    assert len(folders(spool, "received")) == 1


def test_a_study_that_takes_too_long_begins_anew_and_the_attempt_does_not_count(tmp_path, archive):
    spool = tmp_path / "spool"
    for _ in range(2):
        with process(
            spool, archive.url, block=tmp_path / "begun", stop_wait=0.1, attempts=1
        ) as one:
            if not folders(spool, "processing"):
                send(one.port, image())
            wait_until((tmp_path / "begun").exists)
            one.signal()
            assert one.wait() == 0
        (tmp_path / "begun").unlink()
    with running(settings(spool, archive.url, attempts=1), FakeProcessor()):
        wait_until(lambda: len(archive.stored) == 1)


def test_a_second_signal_ends_it_at_once(tmp_path, archive):
    spool = tmp_path / "spool"
    with process(spool, archive.url, block=tmp_path / "begun", stop_wait=600.0) as one:
        send(one.port, image())
        wait_until((tmp_path / "begun").exists)
        one.signal()
        wait_until(lambda: "stopping" in one.events())
        one.signal()
        assert one.wait() == 128 + signal.SIGTERM
    assert len(folders(spool, "processing")) == 1
