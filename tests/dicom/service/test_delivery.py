"""Delivery over time: retries, and what holds up what."""

import json
import threading
from copy import deepcopy
from random import Random

import pytest
from pydicom.uid import SecondaryCaptureImageStorage, SegmentationStorage

from monai_covid.dicom.service.delivery import Backoff, Delivery
from monai_covid.dicom.service.destinations import UnreachableError, parse_destination
from monai_covid.dicom.service.durable import Disk
from monai_covid.dicom.service.endpoint import Metrics, RecentErrors
from monai_covid.dicom.service.outbox import Outbox
from monai_covid.dicom.service.spool import Spool
from monai_covid.dicom.study import StudyOutcome
from tests.dicom.service.peers import Archive, free_port, send, wait_until
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.stow_server import StowServer
from tests.dicom.service.studies import FakeProcessor, image, result_uid


def test_waiting_times_double_up_to_a_limit_and_are_shortened_by_up_to_a_half():
    now = [100.0]
    backoff = Backoff(1.0, 300.0, Random(0), lambda: now[0])
    assert backoff.remaining() == 0.0
    longest = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    for most in longest:
        seconds = backoff.fail()
        assert most / 2 <= seconds <= most
        assert backoff.remaining() == pytest.approx(seconds)
    now[0] += 300.0
    assert backoff.remaining() == 0.0
    backoff.succeed()
    assert backoff.fail() <= 1.0


def test_weeks_of_failures_are_no_problem():
    backoff = Backoff(1.0, 300.0, Random(0))
    assert all(backoff.fail() <= 300.0 for _ in range(3000))


def test_the_same_seed_gives_the_same_times():
    one, other = (Backoff(1.0, 300.0, Random(7)) for _ in range(2))
    assert [one.fail() for _ in range(5)] == [other.fail() for _ in range(5)]


def test_results_are_kept_until_the_destination_is_up(tmp_path):
    port = free_port()
    late = Archive(port)
    images = [image(PatientID=f"SECRET-{k}") for k in range(2)]
    with running(settings(tmp_path, late.url), FakeProcessor()) as service:
        send(service.port, *images)
        wait_until(lambda: service.metrics.totals()["results_failed"] >= 3)
        late.start()
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
        late.stop()
    assert sorted(late.stored) == sorted(result_uid(one.SOPInstanceUID) for one in images)


def test_an_instance_that_is_not_taken_holds_up_neither_its_study_nor_others(tmp_path, archive):
    study = [image("1.2.3", seed=k) for k in range(2)]
    other = image(PatientID="SECRET-2")
    stubborn = result_uid(study[0].SOPInstanceUID)
    taken = []

    def answer(dataset):
        return 0x0000 if dataset.SOPInstanceUID != stubborn or taken else 0xC123

    archive.answer = answer
    with running(settings(tmp_path, archive.url), FakeProcessor()) as service:
        send(service.port, *study, other)
        wait_until(lambda: len(archive.stored) == 2)
        wait_until(lambda: "0xC123" in service.status()["destinations"][0]["last_error"])
        assert stubborn not in archive.stored
        taken.append(True)
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
    assert len(archive.stored) == len(set(archive.stored)) == 3


def test_an_instance_at_which_the_destination_aborts_does_not_hold_up_others(tmp_path, archive):
    first, second = image(PatientID="SECRET-1"), image(PatientID="SECRET-2")
    deadly = result_uid(first.SOPInstanceUID)
    archive.aborts = lambda dataset: dataset.SOPInstanceUID == deadly
    with running(settings(tmp_path, archive.url), FakeProcessor()) as service:
        send(service.port, first)
        wait_until(lambda: "ended" in service.status()["destinations"][0]["last_error"])
        send(service.port, second)
        wait_until(lambda: folders(tmp_path, "done"))
        archive.aborts = lambda dataset: False
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
    assert sorted(archive.stored) == sorted([deadly, result_uid(second.SOPInstanceUID)])


def test_a_study_whose_end_cannot_be_written_down_is_finished_later(tmp_path, archive):
    class Full(Disk):
        times = 2

        def write_json(self, path, content):
            if path.parent.name == "done" and self.times:
                self.times -= 1
                raise OSError(28, "No space left on device")
            super().write_json(path, content)

    with running(settings(tmp_path, archive.url), FakeProcessor(), disk=Full()) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
    assert len(archive.stored) == 1


def test_a_result_that_cannot_be_read_does_not_hold_up_others(tmp_path, archive):
    job = tmp_path / "sending" / "20000101T000000.000000-damaged"
    (job / "results").mkdir(parents=True)
    (job / "results" / "0001.dcm").write_bytes(b"not DICOM")
    with running(settings(tmp_path, archive.url), FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
        wait_until(lambda: folders(tmp_path, "sending") == [job])


def test_studies_that_end_every_connection_do_not_hold_up_others(tmp_path):
    spool = Spool(tmp_path)
    spool.open()
    for name in ("1-deadly", "2-deadly", "3-deadly", "4-good", "5-good"):
        (spool.sending / name / "results").mkdir(parents=True)
        (spool.sending / name / "results" / "0001.dcm").touch()

    def sender(files, stored, stopping):
        if "deadly" in str(files[0]):
            raise UnreachableError("gone")
        for file in files:
            stored(file)
        return []

    destination = parse_destination("dicom://A@127.0.0.1:1")
    delivery = Delivery(
        destination,
        sender,
        Outbox(spool, [destination.key]),
        lambda: Backoff(0.01, 0.02, Random(0)),
        attempts=20,
        metrics=Metrics(spool.counts),
        errors=RecentErrors(),
    )
    delivery.start()
    wait_until(lambda: len(folders(tmp_path, "done")) == 2)
    delivery.stop()
    assert delivery.join(10)
    left = [one.name for one in folders(tmp_path, "sending")]
    assert left == ["1-deadly", "2-deadly", "3-deadly"]
    spool.close()


class ReportToo(FakeProcessor):
    """Makes a second result of each image, of another SOP class."""

    def __call__(self, files):
        outcome = super().__call__(files)
        reports = []
        for result in outcome.results:
            report = deepcopy(result)
            report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = SegmentationStorage
            report.SOPInstanceUID = result_uid(result.SOPInstanceUID)
            report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
            reports.append(report)
        return StudyOutcome((*outcome.results, *reports), ())


def test_a_kind_that_is_not_accepted_holds_up_nothing_and_can_be_tried_again(tmp_path):
    archive = Archive(classes=[SecondaryCaptureImageStorage]).start()
    images = [image(PatientID=f"SECRET-{k}") for k in range(5)]
    captures = [result_uid(one.SOPInstanceUID) for one in images]
    with running(settings(tmp_path, archive.url), ReportToo()) as service:
        for number, one in enumerate(images, 1):
            send(service.port, one)
            wait_until(lambda number=number: len(archive.stored) == number, 5)
        wait_until(lambda: len(folders(tmp_path, "undelivered")) == 5)
        (state,) = service.status()["destinations"]
        totals = service.metrics.totals()
    archive.stop()
    assert archive.stored == captures
    refused = state["refused"]["Segmentation Storage"]
    assert (refused["studies"], refused["reason"]) == (5, "Segmentation Storage is not accepted")
    assert state["waiting"] == 0
    assert totals["results_refused"] == 5
    assert not folders(tmp_path, "sending")
    for job in folders(tmp_path, "undelivered"):
        assert [file.name for file in (job / "results").iterdir()] == ["0002.dcm"]
        job.rename(tmp_path / "sending" / job.name)

    other = Archive(archive._port).start()
    with running(settings(tmp_path, archive.url), ReportToo()) as service:
        wait_until(lambda: len(folders(tmp_path, "done")) == 5)
        assert service.status()["destinations"][0]["refused"] == {}
    other.stop()
    assert sorted(other.stored) == sorted(result_uid(one) for one in captures)


def test_a_result_is_put_aside_after_too_many_refusals(tmp_path, archive, second_archive):
    archive.answer = lambda dataset: 0xC123
    chosen = settings(tmp_path, archive.url, second_archive.url, send_attempts=3)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "undelivered"))
        first, second = service.status()["destinations"]
    assert len(archive.datasets) == 0
    assert len(second_archive.stored) == 1
    assert first["refused"]["Secondary Capture Image Storage"]["studies"] == 1
    assert second["refused"] == {}
    record = json.loads((folders(tmp_path, "undelivered")[0] / "undelivered.json").read_text())
    assert [one["file"] for one in record["refused"]] == ["0001.dcm"]
    assert "0xC123" in record["refused"][0]["reason"]
    assert "SECRET" not in json.dumps(record)


@pytest.fixture
def two_kinds(tmp_path):
    """A service that sends two kinds to a web server, and puts aside what is refused 4 times."""
    server = StowServer()
    chosen = settings(tmp_path, server.url, send_attempts=4)
    with running(chosen, ReportToo()) as service:
        yield server, service
    server.stop()


def test_an_outage_in_the_middle_of_a_study_counts_as_no_refusals(tmp_path, two_kinds):
    server, service = two_kinds
    server.answer = lambda uid: (503 if server.stored else 200, None)
    send(service.port, image())
    wait_until(lambda: service.metrics.totals()["results_failed"] >= 6)
    assert not folders(tmp_path, "undelivered")
    server.answer = lambda uid: (200, None)
    wait_until(lambda: folders(tmp_path, "done"))
    assert len(server.stored) == 2


def test_kinds_that_a_server_never_answers_to_hold_up_no_later_studies(tmp_path, two_kinds):
    server, service = two_kinds
    server.breaks_off = lambda dataset: dataset.SOPClassUID == SegmentationStorage
    for number in range(1, 8):
        send(service.port, image(PatientID=f"SECRET-{number}"))
        wait_until(lambda number=number: len(server.stored) == number, 5)
        failed = service.metrics.totals()["results_failed"] + 6
        wait_until(lambda failed=failed: service.metrics.totals()["results_failed"] >= failed)
    wait_until(lambda: folders(tmp_path, "undelivered"))
    assert not folders(tmp_path, "done")


def test_what_is_being_sent_and_since_when(tmp_path, archive):
    go_on = threading.Event()

    def answer(dataset):
        assert go_on.wait(30)
        return 0x0000

    archive.answer = answer
    with running(settings(tmp_path, archive.url), FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: service.status()["destinations"][0]["sending_seconds"] > 0.2)
        (state,) = service.status()["destinations"]
        assert state["sending"] == folders(tmp_path, "sending")[0].name
        go_on.set()
        wait_until(lambda: folders(tmp_path, "done"))
        assert service.status()["destinations"][0]["sending"] == ""


def test_a_new_destination_gets_what_still_waits(tmp_path, archive, second_archive):
    gone = f"dicom://GONE@127.0.0.1:{free_port()}"
    one = image()
    with running(settings(tmp_path, gone, archive.url), FakeProcessor()) as service:
        send(service.port, one)
        wait_until(lambda: service.status()["destinations"][1]["waiting"] == 0 and archive.stored)
    with running(settings(tmp_path, archive.url, second_archive.url), FakeProcessor()):
        wait_until(lambda: folders(tmp_path, "done"))
    assert archive.stored == second_archive.stored == [result_uid(one.SOPInstanceUID)]
