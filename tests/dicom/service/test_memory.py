"""Memory of ``monai-covid listen``, read from outside: its peak, and what it gives back."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pynetdicom import _config

from monai_covid.models.model_file import ModelInfo, save_model
from tests.dicom.instances import saved
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.service.peers import association, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak: Linux alone has it"),
]

PEOPLE = numbered(8, "memory")
TIMES = 17
"""How much larger a picture of 512 pixels becomes a side: 76 million pixels."""

GREY_VALUES = 4 * (512 * TIMES) ** 2
"""Bytes of such an image as float32."""

SLACK = 200e6
"""Bytes for what a process keeps of its first work, and for the file that is received."""

KEPT = 300e6
"""Bytes that may stay: the end of the heap, which is kept for the next image, and its gaps."""


class Watched:
    """The memory of another process; the kernel forgets its peak at the beginning."""

    def __init__(self, service: Service) -> None:
        self._process = psutil.Process(service.process_id)
        self.before = self._process.memory_info().rss
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def peak(self) -> float:
        """The most bytes above those at the beginning."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        return 1024 * int(peak) - self.before

    def kept(self) -> float:
        """Bytes above those at the beginning."""
        return self._process.memory_info().rss - self.before


@pytest.fixture
def service(tmp_path, archive, monkeypatch):
    """The service with a small network, after its first study."""
    # The option lets pynetdicom send the file's bytes without looking at them.
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    info = ModelInfo(image_size=64)
    torch.manual_seed(0)
    save_model(tmp_path / "model.pt", info.build().state_dict(), info)
    with Service(
        tmp_path / "service",
        tmp_path / "model.pt",
        [archive.url],
        ["--keep-unsuitable"],
        command=[sys.executable, "-m", "monai_covid", "listen"],
    ) as one:
        small = saved(radiograph(PEOPLE[0], "first"), tmp_path / "small.dcm")
        assert send(one, small) == 0x0000
        wait_until(lambda: len(archive.stored) == 4, 120)
        yield one


def send(service, file):
    with association(service.port, [dcmread(file, stop_before_pixels=True)]) as made:
        made.dimse_timeout = 120
        return made.send_c_store(file).Status


def large(person, bits=12):
    """A radiograph of 76 million pixels."""
    dataset = radiograph(person, "large", bits=bits)
    pixels = np.frombuffer(dataset.PixelData, "<u2" if bits > 8 else "u1").reshape(512, 512)
    pixels = np.kron(pixels, np.ones((TIMES, TIMES), pixels.dtype))
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.ImagerPixelSpacing = ["0.04", "0.04"]
    dataset.PixelData = pixels.tobytes()
    return dataset


def test_the_largest_image(service, archive, tmp_path):
    file = saved(large(PEOPLE[1]), tmp_path / "large.dcm")
    watched = Watched(service)
    assert send(service, file) == 0x0000
    wait_until(lambda: len(archive.stored) == 8, 180)
    assert watched.peak() < 4 * GREY_VALUES + SLACK
    wait_until(lambda: watched.kept() < KEPT, 60)


def test_several_of_the_largest_images_in_one_study(service, archive, tmp_path):
    datasets = [large(PEOPLE[2], bits=8) for _ in range(3)]
    watched = Watched(service)
    for number, dataset in enumerate(datasets, 1):
        dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID[:60]}.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        assert send(service, saved(dataset, tmp_path / f"{number}.dcm")) == 0x0000
    wait_until(lambda: len(archive.stored) == 16, 300)
    # One after the other; of each the results stay until the study is complete.
    assert watched.peak() < 4 * GREY_VALUES + SLACK + 3 * GREY_VALUES / 4
    wait_until(lambda: watched.kept() < KEPT, 60)


@pytest.mark.parametrize(("megabytes", "status"), [(500, 0xC000), (300, 0x0000)])
def test_small_files_that_inflate_to_hundreds_of_megabytes(service, tmp_path, megabytes, status):
    files = []
    for number in range(4):
        dataset = radiograph(PEOPLE[3 + number], "deflated", bits=8)
        dataset.Rows = dataset.Columns = 8900
        dataset.PixelData = bytes(megabytes * 1_000_000)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        files.append(saved(dataset, tmp_path / f"{number}.dcm"))
        assert files[-1].stat().st_size < 500_000
    watched = Watched(service)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda file: send(service, file), files)) == [status] * 4
    if status == 0x0000:
        wait_until(lambda: service.holds("quarantine") == 4, 120)
        # One at a time, and its parser's copy.
        assert watched.peak() < 2 * megabytes * 1e6 + SLACK
    else:
        assert watched.peak() < SLACK
    wait_until(lambda: watched.kept() < KEPT, 60)
