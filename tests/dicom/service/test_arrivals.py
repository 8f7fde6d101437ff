"""Studies that become jobs, whatever else is in the folders."""

import errno

import pytest

from monai_covid.dicom.service.acceptance import Identity
from monai_covid.dicom.service.arrivals import TRY_AGAIN, Arrivals
from monai_covid.dicom.service.durable import Disk
from monai_covid.dicom.service.spool import Spool
from tests.dicom.service.peers import send, wait_until
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image

QUIET = 10.0
ONE, OTHER = Identity("image-1", "group-1"), Identity("image-2", "group-2")


class Stubborn(Disk):
    """Does not rename what has a certain name."""

    stuck = ""

    def rename(self, source, target):
        if source.name == self.stuck:
            raise OSError(errno.EIO, "Input/output error", str(source))
        super().rename(source, target)


class Time:
    """A clock that is put forward."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def disk():
    return Stubborn()


@pytest.fixture
def spool(tmp_path, disk):
    one = Spool(tmp_path / "spool", disk)
    one.open()
    yield one
    one.close()


def test_a_study_that_cannot_be_handed_over_does_not_hold_up_others(spool, disk):
    clock = Time()
    arrivals = Arrivals(spool, QUIET, clock)
    arrivals.store(ONE, b"head", b"1")
    arrivals.store(OTHER, b"head", b"2")
    disk.stuck = ONE.group
    clock.now += QUIET
    assert [job.name.rpartition("-1")[0] for job in arrivals.hand_over()] == [""]
    assert arrivals.seconds_to_next() == pytest.approx(TRY_AGAIN)
    disk.stuck = ""
    assert arrivals.hand_over() == []
    clock.now += TRY_AGAIN
    (job,) = arrivals.hand_over()
    assert [file.read_bytes() for file in job.images()] == [b"head1"]
    assert arrivals.seconds_to_next() is None


def test_an_image_that_is_there_without_being_known_of_is_handed_over(spool):
    clock = Time()
    arrivals = Arrivals(spool, QUIET, clock)
    (spool.received / ONE.group).mkdir()
    (spool.received / ONE.group / f"{ONE.instance}.dcm").write_bytes(b"head1")
    assert arrivals.store(ONE, b"head", b"1") is False
    clock.now += QUIET - 1
    # Sending again does not make it wait for longer.
    assert arrivals.store(ONE, b"head", b"1") is False
    clock.now += 1
    assert len(arrivals.hand_over()) == 1


def test_a_group_without_images_that_cannot_be_deleted_is_left_alone(spool):
    (spool.received / "group").mkdir()
    (spool.received / "group" / ".nfs0001").touch()
    clock = Time()
    arrivals = Arrivals(spool, QUIET, clock)
    clock.now += QUIET
    assert arrivals.hand_over() == []
    assert arrivals.seconds_to_next() is None


def litter(spool):
    for state in ("received", "processing", "sending", "quarantine", "done"):
        (spool / state).mkdir(parents=True)
        (spool / state / ".DS_Store").touch()
        (spool / state / "Thumbs.db").touch()
        (spool / state / ".snapshot").mkdir()
    (spool / "received" / "group").mkdir()
    (spool / "received" / "group" / ".nfs0001").touch()


def test_what_others_leave_in_the_folders_stops_nothing(tmp_path, archive):
    litter(tmp_path)
    with running(settings(tmp_path, archive.url), FakeProcessor()) as service:
        assert send(service.port, image()) == [0x0000]
        wait_until(lambda: list((tmp_path / "done").glob("*.json")))
        assert service.status()["last_errors"] == []
        assert service.status()["destinations"][0]["waiting"] == 0
    assert len(archive.stored) == 1
    assert [one.name for one in folders(tmp_path, "sending")] == ["Thumbs.db"]
