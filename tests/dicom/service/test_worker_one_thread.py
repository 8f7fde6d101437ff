import threading

import pytest

from monai_covid.dicom.service.worker import OneThread
from monai_covid.dicom.study import StudyError, StudyOutcome


def test_a_processor_is_made_and_called_in_one_thread_that_is_not_the_callers(tmp_path):
    threads = []

    def process(files):
        threads.append(threading.get_ident())
        return StudyOutcome(tuple(files), ())

    def load():
        threads.append(threading.get_ident())
        return process

    processor = OneThread(load)
    callers = [threading.Thread(target=processor, args=([tmp_path],)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert processor([tmp_path]).results == (tmp_path,)
    processor.close()
    assert len(threads) == 5
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_errors_come_out_as_they_are():
    def fail(files):
        raise StudyError("mixed")

    processor = OneThread(lambda: fail)
    with pytest.raises(StudyError, match="mixed"):
        processor([])
    processor.close()


def test_an_error_while_loading_leaves_no_thread():
    def load():
        raise OSError("no model")

    before = set(threading.enumerate())
    with pytest.raises(OSError, match="no model"):
        OneThread(load)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
