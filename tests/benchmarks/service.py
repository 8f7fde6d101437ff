"""What the DICOM service adds to network and LRP, in one run: delay, throughput, memory, start."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import torch
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import ComputedRadiographyImageStorage

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.explain.lrp.composites import EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.normalise import standardized_range
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.server import HOST, SERVICE_AE_TITLE, free_port
from tests.dicom.orthanc.service import QUIET_TIME, Service
from tests.dicom.orthanc.studies import radiograph, save

RESULTS = 4
"""Instances that answer an image."""

LOOK_EVERY = 0.05
"""Seconds between two looks for results; their times are those of the files."""

PATIENCE = 600.0

Files = dict[float, list[Path]]
"""Files for the service with each quiet time."""

MEBIBYTE = 1 << 20


class Archive:
    """DCMTK's archive, which notes by its files when the results of a study are complete.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, folder: Path) -> None:
        """Start it; what it stores goes to ``folder``."""
        folder.mkdir()
        self.port = free_port()
        self._folder = folder
        # The title of the study folder is the study's UID after a prefix and an underscore.
        line = ["storescp", "--output-directory", str(folder), "--sort-on-study-uid", "study"]
        self._server = subprocess.Popen([*line, "--aetitle", "ARCHIVE", str(self.port)])

    def wait(self, studies: list[str]) -> list[float]:
        """Wait until all results of ``studies`` are there; return when each study's were."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            stored = [self._stored(study) for study in studies]
            if all(len(each) == RESULTS for each in stored):
                return [max(each) for each in stored]
            time.sleep(LOOK_EVERY)
        raise TimeoutError(f"not all of {len(studies)} studies were answered")

    def _stored(self, study: str) -> list[float]:
        """Return when each result of ``study`` was written."""
        return [file.stat().st_mtime for file in self._folder.glob(f"study_{study}/*")]

    def close(self) -> None:
        """Stop it."""
        self._server.terminate()
        self._server.wait()


def send(files: list[Path], port: int) -> list[float]:
    """Send over one association; return when each file was acknowledged."""
    entity = AE("SENDER")
    entity.add_requested_context(ComputedRadiographyImageStorage)
    association = entity.associate(HOST, port, ae_title=SERVICE_AE_TITLE)
    acknowledged = []
    for file in files:
        status = association.send_c_store(file)
        if status.Status != 0x0000:
            raise RuntimeError(f"C-STORE was answered with 0x{status.Status:04X}")
        acknowledged.append(time.time())
    association.release()
    return acknowledged


class BareModel:
    """Network and LRP, loaded once and used for nothing else."""

    def __init__(self, model: Path) -> None:
        """Load ``model``."""
        network, self._info = load_model(model)
        self._network = network.to(memory_format=torch.channels_last)
        self._explainer = LRP(self._network, EpsilonZBox(*standardized_range(1)))

    def seconds(self, file: Path) -> float:
        """Seconds of classifying the image of ``file`` and explaining its most probable class."""
        batch = preprocess_pixels(read_radiograph(file), self._info.image_size)[None]
        start = time.perf_counter()
        with torch.inference_mode():
            chosen = int(self._network(batch).softmax(1).argmax())
        self._explainer.attribute(batch, chosen)
        return time.perf_counter() - start


def model_file(folder: Path, architecture: str) -> Path:
    """Write a network with random weights."""
    torch.manual_seed(0)
    info = ModelInfo(architecture=architecture)
    save_model(folder / "model.pt", info.build().state_dict(), info)
    return folder / "model.pt"


def resident(service: Service) -> float:
    """Memory of the service in MiB, without what it shares with files."""
    (process,) = (
        each
        for each in psutil.Process().children(recursive=True)
        if str(service.port) in each.cmdline()
    )
    return process.memory_info().rss / MEBIBYTE


def delays(services: dict[float, Service], archive: Archive, model: Path, files: Files) -> float:
    """Print the delay of single studies beside the time of network and LRP alone.

    Args:
        services: By quiet time; they take turns.
        archive: Where they send.
        model: The model.
        files: Studies of one image for each service.

    Returns:
        Seconds of network and LRP alone.
    """
    bare_model = BareModel(model)
    bare_model.seconds(files[QUIET_TIME][0])
    bare: list[float] = []
    passed: dict[float, list[float]] = {quiet: [] for quiet in services}
    for turn in range(len(files[QUIET_TIME])):
        bare.append(bare_model.seconds(files[QUIET_TIME][turn]))
        for quiet, service in services.items():
            file = files[quiet][turn]
            (sent,) = send([file], service.port)
            (stored,) = archive.wait([study_of(file)])
            passed[quiet].append(stored - sent - quiet)
    alone = statistics.median(bare)
    print(f"(a) network and LRP alone: {alone:.3f} s a study")
    for quiet, seconds in passed.items():
        median = statistics.median(seconds)
        print(f"    quiet time {quiet:.1f} s: last C-STORE to results stored, less the quiet time:")
        print(f"    {median:.3f} s a study, ratio {median / alone:.2f}")
    return alone


def sustained(service: Service, archive: Archive, files: list[Path], alone: float) -> None:
    """Print studies per minute and the memory over all of ``files``, sent in one go."""
    start, used = time.perf_counter(), []
    tenth = max(len(files) // 10, 1)
    send(files, service.port)
    for first in range(0, len(files), tenth):
        archive.wait([study_of(file) for file in files[: first + tenth]])
        used.append(resident(service))
    minutes = (time.perf_counter() - start) / 60
    each = 60 * minutes / len(files)
    print(f"(b) {len(files)} studies sent at once: {len(files) / minutes:.0f} a minute")
    print(f"    {each:.3f} s a study, ratio to network and LRP alone {each / alone:.2f}")
    shown = " ".join(f"{each:.0f}" for each in used)
    print(f"(c) memory of the service after each tenth: {shown} MiB")
    print(f"    last over second: {used[-1] / used[1]:.3f}")


def study_of(file: Path) -> str:
    """Study Instance UID of a file."""
    return str(dcmread(file, stop_before_pixels=True).StudyInstanceUID)


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", default="densenet121")
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--single", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        archive = Archive(folder / "archive")
        model = model_file(folder, options.architecture)
        people = numbered(2 * options.single + options.studies, "BENCH")
        datasets = [
            radiograph(person, "benchmark", number=1 + index % 12)
            for index, person in enumerate(people)
        ]
        files = save(datasets, folder / "images")
        one, two = options.single, 2 * options.single
        services = {
            quiet: Service(
                folder / f"quiet-{quiet}",
                model,
                [f"dicom://ARCHIVE@{HOST}:{archive.port}"],
                ["--quiet-time", str(quiet)],
                threads=torch.get_num_threads(),
            )
            for quiet in (0.0, QUIET_TIME)
        }
        print(f"{options.architecture}, {torch.get_num_threads()} threads")
        start = time.perf_counter()
        with services[QUIET_TIME] as service:
            ready = time.perf_counter() - start
            with services[0.0]:
                singles = {0.0: files[:one], QUIET_TIME: files[one:two]}
                alone = delays(services, archive, model, singles)
            sustained(service, archive, files[two:], alone)
        print(f"(d) start to ready: {ready:.1f} s")
        archive.close()


if __name__ == "__main__":
    main()
