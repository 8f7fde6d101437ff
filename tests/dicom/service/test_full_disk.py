"""A disk that is full, as a file system of its own."""

import shutil
import subprocess
import time

import pytest

from monai_covid.dicom.service.spool import BALLAST, Spool
from monai_covid.dicom.study import StudyOutcome
from tests.dicom.instances import picture
from tests.dicom.service.peers import Archive, free_port, send, wait_until
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image, result_of
from tests.missing import missing

MEGABYTES = 24


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={MEGABYTES}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        missing(f"a file system cannot be mounted here; run as root: {made.stderr!r}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class LargeResults(FakeProcessor):
    """Makes results of 400 kB of each image, two unless told otherwise."""

    number = 2

    def __call__(self, files):
        outcome = super().__call__(files)
        results = []
        for small in outcome.results:
            for number in range(self.number):
                result = result_of(small)
                result.SOPInstanceUID = f"{result.SOPInstanceUID[:50]}.{number}"
                result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
                pixels = picture(632, 632)
                result.Rows, result.Columns = pixels.shape
                result.PixelData = pixels.astype("uint8").tobytes()
                result.BitsAllocated = result.BitsStored = 8
                result.HighBit = 7
                results.append(result)
        return StudyOutcome(tuple(results), ())


def fill(folder):
    """Take what is free, as another program would."""
    with (folder / "of others").open("wb", buffering=0) as stream:
        block = bytes(1024)
        try:
            while True:
                stream.write(block)
        except OSError:
            pass
    assert shutil.disk_usage(folder).free < 4096


def test_what_was_acknowledged_is_delivered_and_the_rest_refused_until_there_is_room(small_disk):
    port = free_port()
    archive = Archive(port)
    spool = small_disk / "spool"
    images = {k: image(PatientID=f"SECRET-{k}") for k in range(30)}
    with running(settings(spool, archive.url, reserve_mb=8.0), LargeResults()) as service:
        status = {k: send(service.port, one)[0] for k, one in images.items()}
        wait_until(lambda: not folders(spool, "processing") and not folders(spool, "received"))
        accepted = [k for k, one in status.items() if one == 0]
        assert set(status.values()) == {0x0000, 0xA700}
        assert len(folders(spool, "sending")) == len(accepted)
        assert not folders(spool, "quarantine")
        archive.start()
        wait_until(lambda: len(folders(spool, "done")) == len(accepted))
        left = [k for k in images if k not in accepted]
        for k in left:
            wait_until(lambda k=k: send(service.port, images[k]) == [0])
        wait_until(lambda: len(folders(spool, "done")) == len(images))
    archive.stop()
    assert len(archive.stored) == len(set(archive.stored)) == 2 * len(images)


def test_a_disk_filled_by_others_keeps_neither_delivery_nor_a_restart_from_working(small_disk):
    port = free_port()
    archive = Archive(port)
    spool = small_disk / "spool"
    status_port = free_port()
    chosen = settings(spool, archive.url, reserve_mb=1.0, status_port=status_port)
    with running(chosen, LargeResults()) as service:
        for k in range(3):
            assert send(service.port, image(PatientID=f"SECRET-{k}")) == [0]
            wait_until(lambda k=k: len(folders(spool, "sending")) == k + 1)
        fill(small_disk)
        assert send(service.port, image()) == [0xA700]
    with running(chosen, LargeResults()) as service:
        assert send(service.port, image()) == [0xA700]
        archive.start()
        wait_until(lambda: len(folders(spool, "done")) == 3)
        (small_disk / "of others").unlink()
        wait_until(lambda: send(service.port, image()) == [0])
        wait_until(lambda: len(folders(spool, "done")) == 4)
    archive.stop()
    assert len(archive.stored) == len(set(archive.stored)) == 2 * 4


def test_results_that_do_not_fit_leave_nothing_and_cost_no_attempt(small_disk):
    archive = Archive(free_port()).start()
    spool = small_disk / "spool"
    processor = LargeResults()
    processor.number = 6
    processor.go_on.clear()
    with running(settings(spool, archive.url, attempts=1), processor) as service:
        assert send(service.port, image()) == [0]
        wait_until(processor.started.is_set)
        fill(small_disk)
        processor.go_on.set()
        wait_until(lambda: service.status()["last_errors"])
        time.sleep(0.3)
        (job,) = folders(spool, "processing")
        assert not (job / "results").exists()
        (small_disk / "of others").unlink()
        wait_until(lambda: folders(spool, "done"))
        assert not folders(spool, "quarantine")
    archive.stop()


def test_room_is_kept_for_the_results_of_what_waits(tmp_path):
    spool = Spool(tmp_path)
    spool.open()
    assert (tmp_path / ".ballast").stat().st_size == BALLAST
    free = shutil.disk_usage(tmp_path).free
    spool.expect(1000.0)
    spool.expect(10.0)
    assert spool.results_of_an_image == 1000
    spool.reserve = free - 1_000_000_000
    spool.expect(100_000_000.0)
    spool.check_room(10)
    folder = spool.received / "study"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.dcm").touch()
    spool._counted = (0, float("-inf"))
    with pytest.raises(OSError, match="kept for results"):
        spool.check_room(10)
    spool.close()
