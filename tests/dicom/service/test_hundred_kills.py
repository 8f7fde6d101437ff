"""A hundred kills at seeded moments, with destinations that fail in every way meanwhile."""

import json
import socket
import threading
import time
from collections import defaultdict
from random import Random

import numpy as np
import pytest
import torch

from monai_covid.models.model_file import ModelInfo, save_model
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.service.faulty import Faults, FaultyArchive, FaultyStow
from tests.dicom.service.forked import Forked
from tests.dicom.service.peers import association, free_port, wait_until
from tests.dicom.service.running import folders

pytestmark = pytest.mark.slow

SEED = 18
KILLS = 100
LONGEST_LIFE = 2.5
"""Seconds until the service is killed at the latest."""

STUDIES = 60
"""Of one or two images each, some of the same study UID for two patients."""

RESULTS = 4
PEOPLE = numbered(STUDIES, "kills")
CRASHING = "CRASHES"


class Modality(threading.Thread):
    """Sends its images in order, each until it is acknowledged or given up at random.

    Attributes:
        acknowledged: Patient and study of each acknowledged image, by SOP Instance UID.
        sent: The same of every image that was sent at all.
    """

    def __init__(self, port, seed, images):
        super().__init__(daemon=True)
        self._port, self._random, self._images = port, Random(seed), images
        self.acknowledged, self.sent = {}, {}
        self.hurry = threading.Event()
        self.start()

    def run(self):
        for image in self._images:
            uid = str(image.SOPInstanceUID)
            self.sent[uid] = (str(image.PatientID), str(image.StudyInstanceUID))
            while not self._sent(image):
                if self._random.random() < 0.02:
                    break
                time.sleep(0.1)
            else:
                self.acknowledged[uid] = self.sent[uid]
                # Some do not believe it, and send it again.
                if self._random.random() < 0.1:
                    self._sent(image)
            self.hurry.wait(self._random.uniform(0.5, 4.0))

    def _sent(self, image):
        with association(self._port, [image]) as made:
            return made.is_established and made.send_c_store(image).get("Status") == 0x0000


def images():
    """Images of all studies; every tenth has the study UID of the one before it."""
    made, before = [], None
    for number, person in enumerate(PEOPLE):
        for series in range(1, 2 + number % 2):
            image = radiograph(person, f"study {number}", number=number % 6, series=series)
            reduce(image)
            if number % 10 == 9:
                image.StudyInstanceUID = before
            made.append(image)
        before = image.StudyInstanceUID
    crashing = radiograph(PEOPLE[0], "crashing")
    crashing.PatientID = CRASHING
    made.insert(len(made) // 3, reduce(crashing))
    return made


def reduce(image):
    """Half of the pixels each way, which does for what is tested."""
    pixels = np.frombuffer(image.PixelData, "<u2").reshape(image.Rows, image.Columns)[::2, ::2]
    image.Rows, image.Columns = pixels.shape
    image.ImagerPixelSpacing = ["1.4", "1.4"]
    image.PixelData = pixels.tobytes()
    return image


@pytest.fixture
def model(tmp_path):
    info = ModelInfo(image_size=64)
    torch.manual_seed(0)
    save_model(tmp_path / "model.pt", info.build().state_dict(), info)
    return tmp_path / "model.pt"


def figures(stored, modalities):
    """How many result sets of acknowledged images are lost, doubled, and mixed up with others."""
    sent = {uid: whose for one in modalities for uid, whose in one.sent.items()}
    acknowledged = {uid for one in modalities for uid in one.acknowledged if is_good(sent[uid])}
    kinds, mixed = defaultdict(lambda: defaultdict(set)), 0
    for result in stored:
        sources = result.about & sent.keys()
        if len(sources) != 1 or sent[next(iter(sources))] != (result.patient, result.study):
            mixed += 1
            continue
        kinds[next(iter(sources))][result.kind].add(result.instance)
    lost = sum(len(kinds[uid]) < RESULTS for uid in acknowledged)
    doubled = sum(len(same) > 1 for each in kinds.values() for same in each.values())
    return {"acknowledged": len(acknowledged), "lost": lost, "doubled": doubled, "mixed": mixed}


def is_good(whose):
    return whose[0] != CRASHING


def live_and_die(service, archives, faults):
    """Kill the service ``KILLS`` times; return how often it ended by itself before that."""
    random = Random(SEED)
    crashes = 0
    for _ in range(KILLS):
        service.start()
        vanished = random.randrange(2) if random.random() < 0.2 else None
        if vanished is not None:
            archives[vanished].stop()
            faults[vanished].counts["vanish"] += 1
        time.sleep(random.uniform(0.0, LONGEST_LIFE))
        crashes += service.end() != -9
        if vanished is not None:
            archives[vanished].start()
    return crashes


def test_nothing_acknowledged_is_lost_doubled_or_mixed(tmp_path, model):
    began = time.monotonic()
    faults = [Faults(SEED + 1), Faults(SEED + 2)]
    archives = [FaultyArchive(faults[0]).start(), FaultyStow(faults[1])]
    spool, port = tmp_path / "spool", free_port()
    service = Forked(
        tmp_path / "log",
        model,
        spool,
        CRASHING,
        port=port,
        send_to=[one.url for one in archives],
        dimse_timeout=1.0,
        send_attempts=1000,
    )
    everything = images()
    modalities = [Modality(port, SEED + number, everything[number::2]) for number in (0, 1)]
    crashes = live_and_die(service, archives, faults)
    for one in faults:
        one.end()
    crashes += finish(service, spool, port, modalities)
    found = [figures(one.stored, modalities) for one in faults]
    told = {
        "kills": KILLS,
        "crashes": crashes,
        "seconds": round(time.monotonic() - began),
        "destinations": found,
        "faults": [one.counts for one in faults],
    }
    print(json.dumps(told))
    for one in archives:
        one.stop()
    service.close()
    (blamed,) = folders(spool, "quarantine")
    assert "Aborted" in json.loads((blamed / "reason.json").read_text())["reason"]
    assert not folders(spool, "undelivered")
    for each in found:
        assert each["acknowledged"] > STUDIES
        assert (each["lost"], each["doubled"], each["mixed"]) == (0, 0, 0)


def is_listening(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def finish(service, spool, port, modalities):
    """Let the service live until nothing waits any more; return how often it crashed."""
    for one in modalities:
        one.hurry.set()
    crashes = 0
    service.start()

    def done():
        nonlocal crashes
        if service.has_ended():
            crashes += 1
            service.start()
        waiting = ("received", "processing", "sending")
        return not any(one.is_alive() for one in modalities) and not any(
            folders(spool, state) for state in waiting
        )

    wait_until(done, 600)
    # Before it listens, a signal ends it as it would any process.
    wait_until(lambda: is_listening(port))
    assert service.end(15) == 0
    return crashes
