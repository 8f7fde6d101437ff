"""kill -9 at any instant: nothing that was acknowledged is lost, nothing is delivered anew."""

import errno
import shutil
import threading
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite

from monai_covid.dicom.service.destinations import parse_destination
from monai_covid.dicom.service.durable import Disk
from monai_covid.dicom.service.jobs import Job, Jobs
from monai_covid.dicom.service.outbox import Outbox
from monai_covid.dicom.service.spool import Spool
from monai_covid.dicom.study import Refusal, StudyOutcome
from tests.dicom.service.peers import Archive, send, wait_until
from tests.dicom.service.processes import process
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image, result_of, result_uid


def expected(images):
    return sorted(str(result_uid(one.SOPInstanceUID)) for one in images)


@pytest.mark.parametrize("acknowledged", [1, 4])
def test_killed_after_acknowledgements(tmp_path, archive, acknowledged):
    spool = tmp_path / "spool"
    images = [image(seed=k, PatientID=f"SECRET-{k % 2}") for k in range(4)]
    with process(spool, archive.url, quiet_time=60.0) as first:
        assert send(first.port, *images[:acknowledged]) == [0] * acknowledged
        first.kill()
    assert archive.stored == []
    with running(settings(spool, archive.url), FakeProcessor()) as service:
        send(service.port, *images[acknowledged:])
        wait_until(lambda: len(archive.stored) == 4)
        wait_until(lambda: not folders(spool, "sending"))
    assert sorted(archive.stored) == expected(images)


def test_killed_while_processing(tmp_path, archive):
    spool = tmp_path / "spool"
    one = image()
    with process(spool, archive.url, block=tmp_path / "begun") as first:
        send(first.port, one)
        wait_until((tmp_path / "begun").exists)
        first.kill()
    with running(settings(spool, archive.url), FakeProcessor()):
        wait_until(lambda: folders(spool, "done"))
    assert archive.stored == expected([one])


def test_killed_while_delivering(tmp_path):
    spool = tmp_path / "spool"
    images = [image("1.2.3", seed=k) for k in range(3)]
    second, go_on = threading.Event(), threading.Event()
    archive = Archive().start()

    def answer(dataset):
        if len(archive.stored) == 1:
            second.set()
            assert go_on.wait(30)
            return 0xA700
        return 0x0000

    archive.answer = answer
    with process(spool, archive.url) as first:
        send(first.port, *images)
        assert second.wait(30)
        first.kill()
    archive.answer = lambda dataset: 0x0000
    go_on.set()
    processor = FakeProcessor()
    with running(settings(spool, archive.url), processor):
        wait_until(lambda: folders(spool, "done"))
    archive.stop()
    assert sorted(archive.stored) == expected(images)
    assert processor.calls == []


@pytest.fixture
def spool(tmp_path):
    one = Spool(tmp_path / "spool")
    one.open()
    yield one
    one.close()


def job_with(spool, *images):
    folder = spool.processing / "20260101T000000.000000-group"
    folder.mkdir()
    for index, one in enumerate(images):
        dcmwrite(folder / f"{index}.dcm", one, enforce_file_format=True)
    return Job(folder)


def go_on(spool, archive, processor):
    spool.close()
    with running(settings(spool.folder, archive.url), processor):
        wait_until(lambda: folders(spool.folder, "done"))
        wait_until(lambda: not folders(spool.folder, "sending"))


def test_left_while_receiving(spool, archive):
    (spool.receiving / "half.part").write_bytes(b"never acknowledged")
    job_with(spool, one := image())
    go_on(spool, archive, FakeProcessor())
    assert archive.stored == expected([one])
    assert folders(spool.folder, "receiving") == []


def test_left_with_some_results_written(spool, archive):
    one, other = image(seed=1), image(seed=2)
    job = job_with(spool, one, other)
    (job.folder / "results").mkdir()
    (job.folder / "results/0007.dcm").write_bytes(b"half")
    go_on(spool, archive, processor := FakeProcessor())
    assert sorted(archive.stored) == expected([one, other])
    assert len(processor.calls) == 1


def finished_job(spool, source):
    Jobs(spool).finish(job := job_with(spool, source), StudyOutcome((result_of(source),), ()), 1.0)
    return Job(spool.sending / job.name)


def test_left_with_results_visible_and_images_not_deleted(spool, archive):
    one = image()
    job = finished_job(spool, one)
    dcmwrite(job.folder / "0.dcm", one, enforce_file_format=True)
    go_on(spool, archive, processor := FakeProcessor())
    assert archive.stored == expected([one])
    assert processor.calls == []


def refuse_the_second(datasets):
    refusal = Refusal(str(datasets[1].SOPInstanceUID), "a lateral", Path("1.dcm"))
    return StudyOutcome((result_of(datasets[0]),), (refusal,))


class CrashingDisk(Disk):
    """Ends at one step, as a crash before it would."""

    step = ""

    def _before(self, step):
        if step == self.step:
            raise RuntimeError("crash")

    def link(self, source, target):
        self._before("link")
        super().link(source, target)

    def rename(self, source, target):
        self._before(f"rename {target.name if target.suffix == '.json' else target.parent.name}")
        super().rename(source, target)


@pytest.mark.parametrize("step", ["link", "rename reason.json", "rename sending"])
def test_left_while_refused_images_are_put_aside(tmp_path, archive, step):
    disk = CrashingDisk()
    spool = Spool(tmp_path / "spool", disk)
    spool.open()
    good, lateral = image(seed=1), image(seed=2)
    job = job_with(spool, good, lateral)
    disk.step = step
    with pytest.raises(RuntimeError, match="crash"):
        Jobs(spool).finish(job, refuse_the_second([good, lateral]), 1.0)
    assert len(job.images()) == 2
    go_on(spool, archive, FakeProcessor(refuse_the_second))
    assert archive.stored == expected([good])
    (folder,) = folders(spool.folder, "quarantine")
    # What was being written at the crash may be left with a leading dot.
    assert sorted(file.name for file in folder.glob("[!.]*")) == ["1.dcm", "reason.json"]
    assert dcmread(folder / "1.dcm").SOPInstanceUID == lateral.SOPInstanceUID


def test_refused_images_are_kept_where_there_are_no_hard_links(spool, monkeypatch):
    def hardlink_to(self, target):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", hardlink_to)
    images = [image(seed=1), image(seed=2)]
    job = job_with(spool, *images)
    Jobs(spool).finish(job, refuse_the_second(images), 1.0)
    kept = spool.quarantine / job.name / "1.dcm"
    assert dcmread(kept).SOPInstanceUID == images[1].SOPInstanceUID
    assert {one.name for one in kept.parent.iterdir()} == {"1.dcm", "reason.json"}


def test_results_of_refused_images_do_not_touch_those_that_wait(spool):
    images = [image(seed=1), image(seed=2)]
    job = job_with(spool, *images)
    Jobs(spool).finish(job, refuse_the_second(images), 1.0)
    (spool.quarantine / job.name).rename(job.folder)  # the documented mv
    Jobs(spool).finish(job, StudyOutcome((result_of(images[1]),), ()), 1.0)
    waiting = [
        dcmread(file).SOPInstanceUID for file in sorted(spool.sending.glob("*/results/*.dcm"))
    ]
    assert sorted(waiting) == expected(images)


def test_results_that_nobody_takes_can_be_given_up_while_the_service_is_stopped(spool, archive):
    job = finished_job(spool, image())
    key = parse_destination(archive.url).key
    Outbox(spool, ["elsewhere", key]).delivered(job, "elsewhere", job.folder / "results/0001.dcm")
    shutil.rmtree(job.folder)  # the documented rm -r
    spool.close()
    with running(settings(spool.folder, archive.url), FakeProcessor()) as service:
        send(service.port, other := image(seed=2))
        wait_until(lambda: folders(spool.folder, "done"))
        assert service.status()["last_errors"] == []
    assert archive.stored == expected([other])
    assert len(folders(spool.folder, "done")) == 1


def test_left_with_all_delivered_but_not_finished(spool, archive):
    job = finished_job(spool, image())
    key = parse_destination(archive.url).key
    outbox = Outbox(spool, [key])
    outbox.delivered(job, key, outbox.missing(job, key)[0])
    go_on(spool, archive, FakeProcessor())
    assert archive.stored == []


def test_left_while_deleting(spool, archive):
    job = finished_job(spool, image())
    half = spool.trash / "sending-half"
    job.folder.rename(half)
    (half / "outcome.json").unlink()
    spool.close()
    with running(settings(spool.folder, archive.url), processor := FakeProcessor()):
        assert folders(spool.folder, "trash") == []
    assert (archive.stored, processor.calls) == ([], [])


def test_left_with_an_empty_group(spool, archive):
    (spool.received / "group").mkdir()
    spool.close()
    with running(settings(spool.folder, archive.url), FakeProcessor()):
        wait_until(lambda: not folders(spool.folder, "received"))
    shutil.rmtree(spool.folder)
