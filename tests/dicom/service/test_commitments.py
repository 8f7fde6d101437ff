"""What was asked for, over time and over a restart."""

import pytest
from pydicom import dcmread

from monai_covid.dicom.service import markers
from monai_covid.dicom.service.commitments import Commitments
from monai_covid.dicom.service.jobs import Job
from monai_covid.dicom.service.spool import Spool
from tests.dicom.instances import saved
from tests.dicom.service.studies import image

PACS, WAIT = "a-pacs", 100.0


@pytest.fixture
def spool(tmp_path):
    one = Spool(tmp_path / "spool")
    one.open()
    yield one
    one.close()


@pytest.fixture
def job(spool):
    """A job of two results that the PACS has stored."""
    one = Job(spool.sending / "job")
    (one.folder / "results").mkdir(parents=True)
    for name in ("0001.dcm", "0002.dcm"):
        saved(image(), one.folder / "results" / name)
        marker = markers.delivered(one, PACS, name)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    return one


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def commitments(spool, now):
    return Commitments(spool, [PACS], WAIT, lambda: now[0])


def test_a_request_is_repeated_once_and_then_given_up(commitments, job, now):
    assert commitments.is_due(job, PACS)
    commitments.begin(job, PACS)
    assert not commitments.is_due(job, PACS)
    now[0] += WAIT / 2
    assert commitments.is_due(job, PACS)
    commitments.begin(job, PACS)
    assert not commitments.is_due(job, PACS)
    now[0] += WAIT / 2 - 1
    assert commitments.oldest(PACS) == WAIT - 1
    assert commitments.give_up(job, PACS) == 0
    assert not commitments.is_settled(job, PACS)
    now[0] += 1
    assert not commitments.is_due(job, PACS)
    assert commitments.give_up(job, PACS) == 2
    assert commitments.give_up(job, PACS) == 0
    assert commitments.is_settled(job, PACS)
    assert commitments.not_committed(job) == 2


def test_a_request_that_was_not_taken_is_made_again_and_the_wait_goes_on(commitments, job, now):
    commitments.begin(job, PACS)
    commitments.not_asked(job, PACS)
    assert commitments.is_due(job, PACS)
    now[0] += WAIT
    commitments.begin(job, PACS)
    commitments.not_asked(job, PACS)
    assert commitments.give_up(job, PACS) == 2


def test_after_a_restart_earlier_reports_count_and_the_wait_begins_anew(
    commitments, job, spool, now
):
    transaction, files = commitments.begin(job, PACS)
    uids = [image_uid(file) for file in files]
    now[0] += WAIT
    later = Commitments(spool, [PACS], WAIT, lambda: now[0])
    later.load()
    assert later.is_due(job, PACS)
    assert later.give_up(job, PACS) == 0
    assert later.report(transaction, uids[:1], {}) == (job, PACS, 1)
    assert [image_uid(file) for file in later.pending(job, PACS)] == uids[1:]
    assert later.report(transaction, uids, {}) == (job, PACS, 1)
    assert later.is_settled(job, PACS)
    assert later.report(transaction, uids, {}) is None


def test_failures_are_counted_over_a_restart(commitments, job, spool, now):
    transaction, (first, second) = commitments.begin(job, PACS)
    commitments.report(transaction, [image_uid(first)], {image_uid(second): 0x0110})
    assert commitments.failures(job, PACS) == ({second.name: 0x0110}, 1)
    assert not commitments.is_due(job, PACS)
    later = Commitments(spool, [PACS], WAIT, lambda: now[0])
    transaction, files = later.begin(job, PACS)
    assert files == [second]
    later.report(transaction, [], {image_uid(second): 0x0110})
    assert later.failures(job, PACS) == ({second.name: 0x0110}, 2)
    later.send_again(job, PACS, [second.name])
    assert not markers.delivered(job, PACS, second.name).exists()
    assert not later.is_settled(job, PACS)


def test_failures_of_a_job_that_was_taken_away(commitments, job):
    transaction, (first, _) = commitments.begin(job, PACS)
    commitments.report(transaction, [], {image_uid(first): 0x0110})
    assert commitments.failing(PACS) == [job]
    job.folder.rename(job.folder.parent.parent / "quarantine" / "job")
    assert commitments.failures(job, PACS) == ({}, 1)
    assert commitments.failing(PACS) == []


def test_a_report_of_a_job_that_was_taken_away(commitments, job):
    transaction, files = commitments.begin(job, PACS)
    uids = [image_uid(file) for file in files]
    job.folder.rename(job.folder.parent.parent / "quarantine" / "job")
    assert commitments.report(transaction, uids, {}) is None
    assert not job.folder.exists()


def image_uid(file):
    return dcmread(file).SOPInstanceUID
