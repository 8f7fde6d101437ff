"""The service with a network, started in a tenth of a second so that it can be killed often.

``python -m tests.dicom.service.forked JSON-OF-OPTIONS`` loads the network once; for every line that
it reads it forks a process that runs the service, says its number, and says how it ended.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import torch
from pydicom import dcmread

from monai_covid.dicom.service import service  # loaded once, instead of in every process
from monai_covid.dicom.service.run import run_service
from monai_covid.inference.prefetch import PrefetchingPipeline
from monai_covid.inference.study import StudyPipeline
from tests.dicom.service.processes import REPOSITORY
from tests.dicom.service.running import settings


class Fragile:
    """A processor that images of one patient end as damaged data end a library."""

    def __init__(self, pipeline: StudyPipeline, patient: str) -> None:
        self._pipeline = PrefetchingPipeline(pipeline)
        self._patient = patient

    def __call__(self, files: list[Path]) -> Any:
        for file in files:
            self._survive(file)
        return self._pipeline(files)

    def look_ahead(self, file: Path) -> bool:
        self._survive(file)
        return self._pipeline.look_ahead(file)

    def _survive(self, file: Path) -> None:
        if dcmread(file, specific_tags=["PatientID"]).PatientID == self._patient:
            os.abort()


class Forked:
    """The test's side: a service that is started, killed and started again."""

    def __init__(self, log: Path, model: Path, spool: Path, fragile: str, **others: Any) -> None:
        """Load the network; ``others`` are settings."""
        given = {"model": str(model), "spool": str(spool), "fragile": fragile, "settings": others}
        command = [sys.executable, "-m", "tests.dicom.service.forked", json.dumps(given)]
        with log.open("wb") as stream:
            self._loaded = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                cwd=REPOSITORY,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                text=True,
            )
        assert self._said() == "loaded"
        self._process = 0

    def start(self) -> None:
        """Start the service."""
        self._say("start")
        self._process = int(self._said())

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to the service; return how it ended: by signal or exit status."""
        # Nobody else gets its number before the loaded process has asked how it ended.
        os.kill(self._process, number)
        self._say("wait")
        return os.waitstatus_to_exitcode(int(self._said()))

    def has_ended(self) -> bool:
        """Whether it has ended by itself; it can be started again then."""
        if psutil.Process(self._process).status() != psutil.STATUS_ZOMBIE:
            return False
        self._say("wait")
        self._said()
        return True

    def close(self) -> None:
        """End what is loaded."""
        self._loaded.kill()
        self._loaded.wait()

    def _say(self, word: str) -> None:
        assert self._loaded.stdin is not None
        self._loaded.stdin.write(f"{word}\n")
        self._loaded.stdin.flush()

    def _said(self) -> str:
        assert self._loaded.stdout is not None
        return self._loaded.stdout.readline().strip()


def main(given: dict[str, Any]) -> None:
    """Fork a service for each line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    torch.set_num_threads(1)
    pipeline = StudyPipeline(given["model"], keep_unsuitable=True)
    others = given["settings"]
    chosen = settings(Path(given["spool"]), *others.pop("send_to"), **others)
    assert service.Service
    gc.freeze()
    print("loaded", flush=True)
    process = 0
    for line in sys.stdin:
        if line.strip() == "wait":
            print(os.waitpid(process, 0)[1], flush=True)
            continue
        process = os.fork()
        if process == 0:
            # What the test says is not for the service.
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            os._exit(run_service(chosen, Fragile(pipeline, given["fragile"])))
        print(process, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
