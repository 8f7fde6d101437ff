"""From the sender through the service to the destinations."""

import io
import json
import os

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from monai_covid.dicom.service.acceptance import key_of
from monai_covid.dicom.study import Refusal, StudyError, StudyOutcome
from monai_covid.errors import OptionError
from tests.dicom.service.peers import association, free_port, send, wait_until
from tests.dicom.service.running import folders, running, settings, try_to_start
from tests.dicom.service.studies import (
    PATIENT_ID,
    PATIENT_NAME,
    FakeProcessor,
    image,
    refuse_all,
    result_of,
    result_uid,
)


def expected(*images):
    return {str(result_uid(one.SOPInstanceUID)) for one in images}


def test_results_of_a_study_come_back_and_nothing_is_left(tmp_path, archive):
    study = generate_uid()
    images = [image(study, seed=k) for k in range(3)]
    processor = FakeProcessor()
    with running(settings(tmp_path / "spool", archive.url), processor) as service:
        assert send(service.port, *images) == [0, 0, 0]
        wait_until(lambda: folders(tmp_path / "spool", "done"))
    assert set(archive.stored) == expected(*images)
    assert len(archive.stored) == 3
    assert len(processor.calls) == 1
    for state in ("receiving", "received", "processing", "sending", "quarantine", "trash"):
        assert folders(tmp_path / "spool", state) == []
    (record,) = [json.loads(file.read_text()) for file in folders(tmp_path / "spool", "done")]
    assert (record["images"], record["results"], record["refusals"]) == (3, 3, [])


def test_a_second_batch_of_a_study_is_a_job_of_the_new_images_only(tmp_path, archive):
    study = generate_uid()
    first, second = image(study, seed=1), image(study, seed=2)
    processor = FakeProcessor()
    with running(settings(tmp_path, archive.url), processor) as service:
        send(service.port, first)
        wait_until(lambda: len(archive.stored) == 1)
        send(service.port, second)
        wait_until(lambda: len(archive.stored) == 2)
    assert processor.calls == [{str(first.SOPInstanceUID)}, {str(second.SOPInstanceUID)}]


def test_two_patients_in_one_study_uid_are_not_mixed(tmp_path, archive):
    study = generate_uid()
    images = [image(study, seed=k, PatientID=f"SECRET-{k}") for k in range(2)]
    images.append(image(study, PatientID="SECRET-0", IssuerOfPatientID="ELSEWHERE"))
    processor = FakeProcessor()
    with running(settings(tmp_path, archive.url), processor) as service:
        send(service.port, *images)
        wait_until(lambda: len(archive.stored) == 3)
    assert [len(patients) for patients in processor.patients] == [1, 1, 1]
    assert [len(call) for call in processor.calls] == [1, 1, 1]


def test_what_is_sent_twice_waits_once(tmp_path, archive):
    one = image()
    other = image(SOPInstanceUID=one.SOPInstanceUID, seed=9)
    other.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    processor = FakeProcessor()
    processor.go_on.clear()
    log = io.StringIO()
    with running(settings(tmp_path, archive.url), processor, log) as service:
        assert send(service.port, one, one, other) == [0x0000, 0x0000, 0x0111]
        assert processor.started.wait(20)
        # It is being processed now, which is still waiting.
        assert send(service.port, one, other) == [0x0000, 0x0111]
        processor.go_on.set()
        wait_until(lambda: len(archive.stored) == 1)
        assert send(service.port, one) == [0x0000]
        wait_until(lambda: len(archive.stored) == 2)
    assert len(processor.calls) == 2
    assert set(archive.stored) == expected(one)
    assert "the first one is kept" in log.getvalue()


def test_a_study_that_cannot_be_processed_is_quarantined_with_the_reason(tmp_path, archive):
    def act(datasets):
        raise StudyError("two heads")

    one = image()
    with running(settings(tmp_path, archive.url), FakeProcessor(act)) as service:
        send(service.port, one)
        wait_until(lambda: service.status()["last_errors"])
        assert service.status()["last_errors"][0]["reason"] == "two heads"
    (job,) = folders(tmp_path, "quarantine")
    assert json.loads((job / "reason.json").read_text())["reason"] == "two heads"
    assert dcmread(next(job.glob("*.dcm"))).SOPInstanceUID == one.SOPInstanceUID
    assert archive.stored == []


def test_a_study_of_refused_images_is_quarantined_with_their_reasons(tmp_path, archive):
    with running(settings(tmp_path, archive.url), FakeProcessor(refuse_all)) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "quarantine"))
    (job,) = folders(tmp_path, "quarantine")
    reason = json.loads((job / "reason.json").read_text())
    assert "a lateral" in reason["reason"]
    assert [one["reason"] for one in reason["refusals"]] == ["a lateral"]


def test_refused_images_of_a_processed_study_are_in_its_record(tmp_path, archive):
    def act(datasets):
        refusal = Refusal(datasets[1].SOPInstanceUID, "a lateral")
        return StudyOutcome((result_of(datasets[0]),), (refusal,))

    study = generate_uid()
    lateral = image(study, seed=2)
    with running(settings(tmp_path, archive.url), FakeProcessor(act)) as service:
        send(service.port, image(study, seed=1), lateral)
        wait_until(lambda: folders(tmp_path, "done"))
    text = folders(tmp_path, "done")[0].read_text()
    assert [one["reason"] for one in json.loads(text)["refusals"]] == ["a lateral"]
    assert lateral.SOPInstanceUID not in text


@pytest.mark.parametrize("told", ["file", "instance", "neither"])
def test_refused_images_of_a_processed_study_are_kept_with_their_reasons(tmp_path, archive, told):
    refusing = [True]

    def act(files):
        datasets = {file: dcmread(file) for file in files}
        refused = [file for file in files if refusing[0] and datasets[file].ViewPosition == "LL"]
        refusals = [
            Refusal(
                "" if told == "neither" else str(datasets[file].SOPInstanceUID),
                "a lateral",
                file if told == "file" else None,
            )
            for file in refused
        ]
        made = [result_of(one) for file, one in datasets.items() if file not in refused]
        return StudyOutcome(tuple(made), tuple(refusals))

    study = generate_uid()
    frontal, lateral = image(study, 1, ViewPosition="PA"), image(study, 2, ViewPosition="LL")
    with running(settings(tmp_path, archive.url), act) as service:
        send(service.port, frontal, lateral)
        wait_until(lambda: folders(tmp_path, "done"))
        (job,) = folders(tmp_path, "quarantine")
        kept = {str(dcmread(file).SOPInstanceUID) for file in job.glob("*.dcm")}
        assert kept == {str(lateral.SOPInstanceUID)} | (
            {str(frontal.SOPInstanceUID)} if told == "neither" else set()
        )
        reason = json.loads((job / "reason.json").read_text())
        assert "a lateral" in reason["reason"]
        (described,) = reason["refusals"]
        assert described["instance"] == key_of(
            "" if told == "neither" else str(lateral.SOPInstanceUID)
        )
        assert lateral.SOPInstanceUID not in json.dumps(reason)
        if told == "file":
            assert (job / described["file"]).is_file()
        assert archive.stored == [result_uid(frontal.SOPInstanceUID)]
        # They can be tried again like a whole study.
        refusing[0] = False
        job.rename(tmp_path / "processing" / job.name)
        wait_until(lambda: len(folders(tmp_path, "done")) == 2)
    assert result_uid(lateral.SOPInstanceUID) in archive.stored


def test_a_failing_study_is_tried_again_and_does_not_hold_up_others(tmp_path, archive):
    failing, good = image(PatientID="SECRET-1"), image(PatientID="SECRET-2")
    chances = iter(range(2))

    def act(datasets):
        if datasets[0].PatientID == "SECRET-1" and next(chances, None) is not None:
            raise RuntimeError(f"of {datasets[0].PatientName}")

    processor = FakeProcessor(act)
    log = io.StringIO()
    with running(settings(tmp_path, archive.url), processor, log) as service:
        send(service.port, failing, good)
        wait_until(lambda: len(archive.stored) == 2)
    assert processor.calls.count({str(failing.SOPInstanceUID)}) == 3
    assert PATIENT_NAME not in log.getvalue()
    assert "RuntimeError in test_service.py" in log.getvalue()


def test_a_study_that_always_fails_is_quarantined_and_can_be_tried_again(tmp_path, archive):
    broken = [True]

    def act(datasets):
        if broken[0]:
            raise RuntimeError("no luck")

    processor = FakeProcessor(act)
    with running(settings(tmp_path, archive.url, attempts=2), processor) as service:
        send(service.port, image())
        wait_until(lambda: folders(tmp_path, "quarantine"))
        (job,) = folders(tmp_path, "quarantine")
        reason = json.loads((job / "reason.json").read_text())
        assert "failed 2 times" in reason["reason"]
        assert "no luck" in reason["detail"]
        assert len(processor.calls) == 2
        broken[0] = False
        job.rename(tmp_path / "processing" / job.name)  # the documented mv
        wait_until(lambda: len(archive.stored) == 1)


def test_a_full_disk_while_results_are_written_is_not_the_studys_fault(tmp_path, archive):
    times = iter(range(4))

    def act(datasets):
        if next(times, None) is not None:
            raise OSError(28, "No space left on device")

    with running(settings(tmp_path, archive.url, attempts=2), FakeProcessor(act)) as service:
        send(service.port, image())
        wait_until(lambda: len(archive.stored) == 1)


def test_a_broken_destination_does_not_hold_up_the_other(tmp_path, archive):
    port = free_port()
    broken = f"dicom://ARCHIVE@127.0.0.1:{port}"
    images = [image(PatientID=f"SECRET-{k}") for k in range(3)]
    with running(settings(tmp_path, broken, archive.url), FakeProcessor()) as service:
        send(service.port, *images)
        wait_until(lambda: len(archive.stored) == 3)

        def state():
            return {one.pop("destination"): one for one in service.status()["destinations"]}

        wait_until(lambda: state()[archive.url]["waiting"] == 0)
        assert state()[broken]["waiting"] == 3
        wait_until(lambda: state()[broken]["last_error"].startswith("no connection"))
        assert len(folders(tmp_path, "sending")) == 3
        late = type(archive)(port).start()
        try:
            wait_until(lambda: len(late.stored) == 3)
            wait_until(lambda: len(folders(tmp_path, "done")) == 3)
        finally:
            late.stop()
    assert len(archive.stored) == 3


def test_images_of_many_studies_over_several_associations_are_answered_once(tmp_path, archive):
    images = [image(PatientID=f"SECRET-{k}") for k in range(12)]
    processor = FakeProcessor()
    with running(settings(tmp_path, archive.url), processor) as service:
        with (
            association(service.port, images) as one,
            association(service.port, images) as two,
        ):
            for first, second in zip(images[::2], images[1::2], strict=True):
                assert one.send_c_store(first).Status == 0
                assert two.send_c_store(second).Status == 0
        wait_until(lambda: len(folders(tmp_path, "done")) == 12)
    assert set(archive.stored) == expected(*images)
    assert len(archive.stored) == 12
    assert all(len(patients) == 1 for patients in processor.patients)


def test_no_patient_data_in_logs_records_file_names_and_status(tmp_path, archive):
    log = io.StringIO()
    good = image()
    different = image(SOPInstanceUID=good.SOPInstanceUID, seed=3)
    names = set()
    with running(settings(tmp_path, archive.url), FakeProcessor(), log) as service:
        send(service.port, good, different)
        for folder, inner, files in os.walk(tmp_path):
            names |= {folder, *inner, *files}
        wait_until(lambda: folders(tmp_path, "done"))
        told = json.dumps(service.status()) + service.metrics.text().decode()
    told += log.getvalue() + "".join(file.read_text() for file in folders(tmp_path, "done"))
    told += " ".join(names)
    for secret in (
        *PATIENT_NAME.split("^"),
        PATIENT_ID,
        "SECRET-ACCESSION",
        "19330405",
        good.SOPInstanceUID,
        good.StudyInstanceUID,
        result_uid(good.SOPInstanceUID),
    ):
        assert str(secret) not in told
    events = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    for event in ("listening", "instance received", "instance refused", "study processed"):
        assert event in events


def test_a_spool_belongs_to_one_service(tmp_path, archive):
    with (
        running(settings(tmp_path, archive.url), FakeProcessor()),
        pytest.raises(OptionError, match="another running service"),
    ):
        try_to_start(settings(tmp_path, archive.url))


def test_a_port_in_use_is_an_error_that_names_it(tmp_path, archive):
    port = int(archive.url.rpartition(":")[2])
    with pytest.raises(OptionError, match=rf"--port is {port}"):
        try_to_start(settings(tmp_path, archive.url, port=port))
    # The failed service has let go of the spool.
    with running(settings(tmp_path, archive.url), FakeProcessor()):
        pass
