"""kill -9 at any instant, with a PACS that commits and now and then has lost something."""

from collections import Counter
from random import Random
from threading import Timer

import pytest

from tests.dicom.service.committing_archive import CommittingArchive
from tests.dicom.service.peers import association, wait_until
from tests.dicom.service.processes import process
from tests.dicom.service.running import folders
from tests.dicom.service.studies import image, result_uid

pytestmark = pytest.mark.slow

KILLS, STUDIES_BEFORE_EACH = 20, 3
LOST = 0.1
"""Part of the instances that a report says are lost."""


def acknowledged(port, images):
    """Those of ``images`` that the service has acknowledged before it was killed."""
    done = []
    with association(port, images) as made:
        for one in images:
            if not made.is_established:
                break
            if made.send_c_store(one).get("Status") == 0x0000:
                done.append(one)
    return done


def test_nothing_that_was_acknowledged_ends_without_commitment(tmp_path):
    random, spool = Random(18), tmp_path / "spool"
    keeper = CommittingArchive().start()
    lost, kept = Counter(), set()

    def judge(instance):
        if random.random() < LOST:
            lost[instance] += 1
            return 0x0112
        kept.add(instance)
        return 0

    keeper.lost = judge
    options = {"storage_commitment": ["ARCHIVE"], "commitment_wait": 600.0, "quiet_time": 0.05}
    sent = []
    for _ in range(KILLS):
        images = [image(PatientID=f"SECRET-{random.random()}") for _ in range(STUDIES_BEFORE_EACH)]
        with process(spool, keeper.url, **options) as service:
            timer = Timer(random.uniform(0.0, 1.5), service.kill)
            timer.start()
            sent += acknowledged(service.port, images)
            timer.join()
    with process(spool, keeper.url, **options):
        waiting = ("received", "processing", "sending")
        wait_until(lambda: not any(folders(spool, state) for state in waiting), 120)
    keeper.stop()
    expected = {str(result_uid(one.SOPInstanceUID)) for one in sent}
    assert expected
    assert expected <= kept
    assert not folders(spool, "undelivered")
    # Stored again only what was reported as lost, or was being answered at a kill.
    again = Counter(keeper.stored) - Counter(set(keeper.stored))
    assert sum((again - lost).values()) <= KILLS
