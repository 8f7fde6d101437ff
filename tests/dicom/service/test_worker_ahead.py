"""Images worked on in the quiet time of their study."""

import threading

from monai_covid.dicom.service.worker import MARK
from tests.dicom.service.peers import send, wait_until
from tests.dicom.service.processes import process
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image, result_uid


class Looking(FakeProcessor):
    """Notes what it looks ahead at, and fails there if told to."""

    def __init__(self, room=100, error=None):
        super().__init__()
        self.ahead, self.room, self.error = [], room, error
        self.threads = set()

    def look_ahead(self, file):
        self.threads.add(threading.get_ident())
        if len(self.ahead) >= self.room:
            return False
        self.ahead.append(file.name)
        assert (file.parent / MARK).exists()
        if self.error:
            raise self.error
        return True


def test_each_image_is_looked_at_once_before_its_study_is_processed(tmp_path, archive):
    processor = Looking()
    images = [image(seed=k, PatientID=f"SECRET-{k % 2}") for k in range(4)]
    with running(settings(tmp_path, archive.url, quiet_time=0.6), processor) as service:
        send(service.port, *images)
        wait_until(lambda: len(archive.stored) == 4)
        assert len(processor.ahead) == len(set(processor.ahead)) == 4
        assert len(processor.threads) == 1
    assert not list(tmp_path.rglob(MARK))


def test_no_study_waits_for_room(tmp_path, archive):
    processor = Looking(room=1)
    with running(settings(tmp_path, archive.url), processor) as service:
        send(service.port, *[image(seed=k, PatientID=f"SECRET-{k}") for k in range(3)])
        wait_until(lambda: len(archive.stored) == 3)
    assert len(processor.ahead) == 1


def test_what_fails_ahead_has_its_turn_all_the_same(tmp_path, archive):
    processor = Looking(error=RuntimeError("SECRET"))
    one = image()
    with running(settings(tmp_path, archive.url), processor) as service:
        send(service.port, one)
        wait_until(lambda: archive.stored == [str(result_uid(one.SOPInstanceUID))])
        assert service.status()["last_errors"] == []
    assert len(processor.ahead) == 1


def test_an_image_that_ends_the_process_does_so_once(tmp_path, archive):
    spool = tmp_path / "spool"
    with process(spool, archive.url, block_ahead=tmp_path / "begun", quiet_time=60.0) as first:
        send(first.port, image())
        wait_until((tmp_path / "begun").exists)
        first.kill()
    (mark,) = spool.rglob(MARK)
    assert mark.parent.parent.name == "received"
    processor = Looking()
    with running(settings(spool, archive.url), processor):
        wait_until(lambda: len(archive.stored) == 1)
        wait_until(lambda: folders(spool, "done"))
    assert processor.ahead == []
    assert not list(spool.rglob(MARK))
