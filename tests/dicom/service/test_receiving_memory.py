"""Large messages that wait for each other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from monai_covid.dicom.service import receiver, receiving_memory
from monai_covid.dicom.service.receiver import LARGEST_PDU_ASKED_FOR
from monai_covid.dicom.service.receiving_memory import ReceivingMemory
from tests.dicom.service.peers import send
from tests.dicom.service.running import running, settings
from tests.dicom.service.studies import FakeProcessor
from tests.dicom.service.test_receiver import of_size


class Peer:
    """An association that is told of data, in a thread of its own."""

    def __init__(self, memory):
        self._memory = memory
        self.aborted = False
        self._thread = None

    def abort(self):
        self.aborted = True

    def event(self, size):
        return SimpleNamespace(assoc=self, data=b"\4" + bytes(size - 1))

    def sends(self, size):
        self._thread = threading.Thread(target=self._memory.received, args=[self.event(size)])
        self._thread.start()
        return self

    def goes_on(self, seconds=10.0):
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def ends(self):
        self._memory.released(self.event(1))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(receiving_memory, "SMALL", 10)


@pytest.mark.usefixtures("small")
def test_only_the_first_large_message_goes_beyond_what_all_may_have():
    memory = ReceivingMemory(60.0, lambda event: None, most=100)
    first, second, little = (Peer(memory) for _ in range(3))
    assert first.sends(60).goes_on()
    assert second.sends(50).goes_on(0.2) is False
    assert first.sends(60).goes_on()
    assert little.sends(10).goes_on()
    first.ends()
    assert second.goes_on()
    assert second.sends(500).goes_on()
    assert not second.aborted


@pytest.mark.usefixtures("small")
def test_who_waits_for_too_long_is_aborted_with_a_reason():
    refused = []
    memory = ReceivingMemory(0.1, refused.append, most=100)
    first, second = Peer(memory), Peer(memory)
    assert first.sends(90).goes_on()
    assert second.sends(90).goes_on()
    assert second.aborted
    assert len(refused) == 1
    second.ends()
    assert first.sends(90).goes_on()
    assert not first.aborted


def test_images_larger_than_the_bound_arrive_all_the_same(tmp_path, monkeypatch, small):
    held = []

    class Watched(ReceivingMemory):
        def __init__(self, *arguments):
            super().__init__(*arguments, most=1_000_000)

        def received(self, event):
            super().received(event)
            held.append(sum(self._held.values()))

    monkeypatch.setattr(receiver, "ReceivingMemory", Watched)
    images = [of_size(3.0) for _ in range(4)]
    with (
        running(settings(tmp_path, quiet_time=60.0), FakeProcessor()) as service,
        ThreadPoolExecutor(4) as pool,
    ):
        assert list(pool.map(lambda one: send(service.port, one), images)) == [[0]] * 4
        assert service.status()["last_errors"] == []
    # The first, what all may have, and a PDU of each that waits.
    assert max(held) < 3_100_000 + 1_000_000 + 4 * LARGEST_PDU_ASKED_FOR
