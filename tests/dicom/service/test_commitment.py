"""Storage Commitment: a job is finished when what was stored is committed."""

import json

import pytest
from pydicom.dataset import Dataset

from monai_covid.dicom.service.durable import Disk
from monai_covid.errors import OptionError
from tests.dicom.service.committing_archive import CommittingArchive
from tests.dicom.service.peers import Archive, send, wait_until
from tests.dicom.service.running import folders, running, settings, try_to_start
from tests.dicom.service.studies import FakeProcessor, image, result_uid

pytestmark = pytest.mark.slow


@pytest.fixture
def keeper():
    """A PACS that commits over the association of the request."""
    one = CommittingArchive().start()
    yield one
    one.stop()


def committed_by(spool, archive, *more, **others):
    others = {"storage_commitment": ("ARCHIVE",), **others}
    return settings(spool, archive.url, *more, **others)


def state_of(service):
    return service.status()["destinations"][0]["commitment"]


def record(spool):
    (file,) = folders(spool, "done")
    return json.loads(file.read_text())


def references(request):
    return [item.ReferencedSOPInstanceUID for item in request.ReferencedSOPSequence]


def test_a_study_is_finished_when_its_results_are_committed(tmp_path, keeper):
    study = [image("1.2.3", seed=k) for k in range(2)]
    with running(committed_by(tmp_path, keeper), FakeProcessor()) as service:
        send(service.port, *study)
        wait_until(lambda: folders(tmp_path, "done"))
        assert state_of(service)["waiting"] == 0
        totals = service.metrics.totals()
    (request,) = keeper.requests
    assert sorted(references(request)) == sorted(keeper.stored)
    assert {item.ReferencedSOPClassUID for item in request.ReferencedSOPSequence} == {
        keeper.datasets[0].SOPClassUID
    }
    assert keeper.reported == [0x0000]
    assert (totals["results_committed"], totals["results_not_committed"]) == (2, 0)
    assert "not_committed" not in record(tmp_path)


@pytest.mark.parametrize("proposes_role", [True, False])
def test_reports_come_to_the_port_of_the_service(tmp_path, keeper, proposes_role):
    keeper.proposes_role = proposes_role
    # The archive may not send images, and report all the same.
    chosen = committed_by(tmp_path, keeper, allow=("SENDER",))
    with running(chosen, FakeProcessor()) as service:
        keeper.reports_to = service.port
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
    assert keeper.reported == [0x0000]


@pytest.mark.parametrize("reports_over", ["the request", "an association of its own"])
def test_another_may_be_asked_than_the_one_that_stores(tmp_path, keeper, archive, reports_over):
    elsewhere = keeper.url.removeprefix("dicom://")
    chosen = settings(tmp_path, archive.url, allow=("SENDER",), storage_commitment=(elsewhere,))
    with running(chosen, FakeProcessor()) as service:
        keeper.reports_to = 0 if reports_over == "the request" else service.port
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
    (request,) = keeper.requests
    assert references(request) == archive.stored
    assert keeper.stored == []
    assert keeper.reported == [0x0000]
    assert "not_committed" not in record(tmp_path)


def test_results_are_kept_until_the_report_comes_also_over_a_restart(tmp_path, keeper):
    keeper.reports_to = None
    with running(committed_by(tmp_path, keeper), FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: keeper.requests)
        wait_until(lambda: state_of(service)["waiting"] == 1)
    (job,) = folders(tmp_path, "sending")
    assert list((job / "results").iterdir())
    with running(committed_by(tmp_path, keeper), FakeProcessor()) as service:
        # The service cannot know whether a report was missed, and asks again.
        wait_until(lambda: len(keeper.requests) == 2)
        assert folders(tmp_path, "sending") == [job]
        first, second = keeper.requests
        assert first.TransactionUID != second.TransactionUID
        keeper.call(service.port, first)
        wait_until(lambda: folders(tmp_path, "done"))
    assert len(keeper.stored) == 1
    assert keeper.reported == [0x0000]


def test_what_is_not_kept_is_sent_again(tmp_path, keeper):
    study = [image("1.2.3", seed=k) for k in range(2)]
    lost = result_uid(study[0].SOPInstanceUID)
    keeper.lost = lambda instance: 0x0112 if instance == lost and len(keeper.requests) < 3 else 0
    with running(committed_by(tmp_path, keeper), FakeProcessor()) as service:
        send(service.port, *study)
        wait_until(lambda: folders(tmp_path, "done"))
        totals = service.metrics.totals()
        errors = [one["reason"] for one in service.status()["last_errors"]]
    assert keeper.stored.count(lost) == 3
    assert len(keeper.stored) == 4
    assert [len(references(request)) for request in keeper.requests] == [2, 1, 1]
    assert (totals["results_committed"], totals["results_commitment_failed"]) == (2, 2)
    assert "failure reason 0x0112 (no such object instance)" in errors[0]
    assert "SECRET" not in str(errors)


@pytest.mark.parametrize(("reason", "tries"), [(0x0110, 2), (0x0122, 1)])
def test_what_is_never_kept_is_put_aside_with_the_reason(tmp_path, keeper, reason, tries):
    study = [image("1.2.3", seed=k) for k in range(2)]
    lost = result_uid(study[0].SOPInstanceUID)
    keeper.lost = lambda instance: reason if instance == lost else 0
    chosen = committed_by(tmp_path, keeper, send_attempts=2)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, *study, image(PatientID="SECRET-2"))
        wait_until(lambda: folders(tmp_path, "undelivered") and folders(tmp_path, "done"))
        (job,) = folders(tmp_path, "undelivered")
        (refused,) = json.loads((job / "undelivered.json").read_text())["refused"]
        shown = service.status()["destinations"][0]["refused"]
        assert f"not committed: failure reason 0x{reason:04X}" in refused["reason"]
        assert shown["Secondary Capture Image Storage"]["studies"] == 1
        assert keeper.stored.count(lost) == tries
        # Mended; the administrator has it tried again.
        keeper.lost = lambda instance: 0
        job.rename(tmp_path / "sending" / job.name)
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
    assert keeper.stored.count(lost) == tries + 1


def test_a_commitment_that_never_comes_is_not_waited_for(tmp_path, keeper):
    keeper.reports_to = None
    chosen = committed_by(tmp_path, keeper, commitment_wait=0.2)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, image(), image(PatientID="SECRET-2"))
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
        totals = service.metrics.totals()
        errors = {one["event"] for one in service.status()["last_errors"]}
        # Too late: the job is gone.
        keeper.call(service.port, keeper.requests[0])
    assert totals["results_not_committed"] == 2
    assert errors == {"stored, not committed"}
    assert {
        json.loads(file.read_text())["not_committed"] for file in folders(tmp_path, "done")
    } == {1}
    assert keeper.reported == [0x0115]


def not_offered(keeper):
    other = CommittingArchive(keeper._port, offered=False)
    keeper.stop()
    return other.start(), "Storage Commitment is not accepted"


def refusing(keeper):
    keeper.status = 0x0213
    return keeper, "Storage Commitment was answered with status 0x0213"


@pytest.mark.parametrize("how", [not_offered, refusing])
def test_a_destination_that_takes_no_request(tmp_path, keeper, how):
    archive, reason = how(keeper)
    chosen = committed_by(tmp_path, archive, commitment_wait=0.5)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: reason in state_of(service)["last_error"])
        wait_until(lambda: folders(tmp_path, "done"))
    archive.stop()
    assert record(tmp_path)["not_committed"] == 1


def test_a_destination_that_does_not_answer_a_request(tmp_path, keeper):
    keeper.go_on.clear()
    chosen = committed_by(tmp_path, keeper, commitment_wait=0.5, dimse_timeout=0.2)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: "was not answered" in state_of(service)["last_error"])
        wait_until(lambda: folders(tmp_path, "done"))
        keeper.go_on.set()
    assert record(tmp_path)["not_committed"] == 1


def test_a_destination_that_is_away_is_asked_when_it_is_back(tmp_path, keeper):
    port = keeper._port
    stored = []

    def leave(dataset):
        keeper.stop()
        stored.append(dataset.SOPInstanceUID)
        return 0x0000

    keeper.answer = leave
    chosen = committed_by(tmp_path, keeper, commitment_wait=0.05)
    with running(chosen, FakeProcessor()) as service:
        send(service.port, image())
        wait_until(lambda: "no connection" in state_of(service)["last_error"])
        assert state_of(service)["waiting"] == 1
        back = CommittingArchive(port)
        back.reports_to = 0
        back.start()
        wait_until(lambda: folders(tmp_path, "done"))
    back.stop()
    assert [references(request) for request in back.requests] == [stored]


def test_one_destination_does_not_wait_for_the_commitment_of_another(tmp_path, keeper, archive):
    keeper.reports_to = None
    other = Archive()
    other.start()
    chosen = committed_by(tmp_path, keeper, other.url.replace("ARCHIVE", "OTHER"))
    with running(chosen, FakeProcessor()) as service:
        for number in range(1, 4):
            send(service.port, image(PatientID=f"SECRET-{number}"))
            wait_until(lambda number=number: len(other.stored) == number)
        wait_until(lambda: len(keeper.requests) == 3)
        assert "commitment" not in service.status()["destinations"][1]
        assert len(folders(tmp_path, "sending")) == 3
    other.stop()


def test_reports_that_say_nothing_are_refused(tmp_path, keeper):
    request = Dataset()
    request.TransactionUID, request.ReferencedSOPSequence = "1.2.3", []
    with running(committed_by(tmp_path, keeper), FakeProcessor()) as service:
        keeper.call(service.port, request)
        del request.TransactionUID
        keeper.report = lambda request: (1, request)
        keeper.call(service.port, request)
    assert keeper.reported == [0x0115, 0x0115]


def test_a_full_disk_does_not_keep_a_study_from_being_finished(tmp_path, keeper):
    class Full(Disk):
        def write_json(self, path, content):
            if path.parent.name == "commitment":
                raise OSError(28, "No space left on device")
            super().write_json(path, content)

    with running(committed_by(tmp_path, keeper), FakeProcessor(), disk=Full()) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "done"))
    assert "not_committed" not in record(tmp_path)


def test_only_a_known_c_store_destination_can_be_asked(tmp_path, archive):
    with pytest.raises(OptionError, match=r"--storage-commitment is ELSE; .*\(ARCHIVE\)"):
        try_to_start(settings(tmp_path, archive.url, storage_commitment=("ELSE",)))
    with pytest.raises(OptionError, match="there is none"):
        try_to_start(
            settings(tmp_path, "http://127.0.0.1:1/dicom-web", storage_commitment=("ELSE",))
        )
