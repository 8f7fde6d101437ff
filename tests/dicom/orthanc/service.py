"""``monai-covid listen`` as a process that can be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.dicom.orthanc.server import HOST, SERVICE_AE_TITLE, TIMEOUT, free_port
from tests.dicom.orthanc.waiting import until

QUIET_TIME = 0.5
"""Seconds without a new image after which a study is taken for complete."""

COMMAND = str(Path(sys.executable).with_name("monai-covid"))


class Service:
    """The service with its own spool; a context manager that runs it.

    Attributes:
        port: Where it listens for DICOM associations.
        status_port: Where it serves its status.
        spool: Folder with what it has accepted.
        log: File with what it said.
    """

    def __init__(
        self,
        folder: Path,
        model: Path,
        destinations: Sequence[str] = (),
        options: Sequence[str] = (),
        *,
        command: Sequence[str] = (COMMAND, "listen"),
        threads: int = 1,
    ) -> None:
        """Set the options; ``folder`` keeps spool and log, ``options`` are further ones."""
        # One thread by default: the tests run several processes on few cores.
        self._threads = threads
        self.port, self.status_port = free_port(), free_port()
        self.spool, self.log = folder / "spool", folder / "service.log"
        self.destinations = list(destinations)
        self._command, self._model, self._options = list(command), model, options
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def arguments(self) -> list[str]:
        """The whole command line."""
        named = {
            "--model": self._model,
            "--device": "cpu",
            "--spool": self.spool,
            "--ae-title": SERVICE_AE_TITLE,
            "--port": self.port,
            "--status-port": self.status_port,
            "--quiet-time": QUIET_TIME,
            "--retry-delay": 0.1,
            "--send-retry": 0.1,
            "--send-retry-most": 1,
        }
        words = [word for name, value in named.items() for word in (name, str(value))]
        sent = [word for place in self.destinations for word in ("--send-to", place)]
        return [*self._command, *words, *sent, *self._options]

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(self._threads)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.arguments, stdout=log, stderr=log, env=environment
            )
        try:
            # Seconds on a quiet machine; minutes where something else fills every core.
            until(self._ready, f"the service is ready (see {self.log})", seconds=300)
        except BaseException:
            # Otherwise it would go on after the tests.
            self.kill()
            raise

    def _ready(self) -> bool:
        self.check_alive()
        try:
            return self.get("/ready").ok
        except requests.ConnectionError:
            return False

    @property
    def process_id(self) -> int:
        """Number of the running process."""
        assert self._process is not None
        return self._process.pid

    def check_alive(self) -> None:
        """Make sure that the process has not ended by itself."""
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"the service ended with {code}: {self.said()[-3000:]}"

    def kill(self) -> None:
        """End it at once, as a loss of power would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end and return its exit status; 0 if it does not run."""
        return self._end(signal.SIGTERM) if self._process else 0

    def _end(self, signal_number: int) -> int:
        assert self._process is not None
        self._process.send_signal(signal_number)
        code = self._process.wait(timeout=60)
        self._process = None
        return code

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; a service that has died or does not end cleanly fails the test."""
        if kind is not None:
            self.stop()
            return
        if self._process is not None:
            self.check_alive()
        code = self.stop()
        assert code == 0, f"ended with {code}: {self.said()[-3000:]}"

    def get(self, path: str) -> requests.Response:
        """Answer of the status endpoint to GET ``path``, whatever its status."""
        return requests.get(f"http://{HOST}:{self.status_port}{path}", timeout=TIMEOUT)

    def status(self) -> dict[str, Any]:
        """What the service says of itself."""
        answer = self.get("/status")
        answer.raise_for_status()
        return dict(answer.json())

    def records(self, state: str = "done") -> dict[str, dict[str, Any]]:
        """Records of the jobs in ``done`` or ``quarantine``, by the name of the job."""
        pattern = "*.json" if state == "done" else "*/reason.json"
        found = {}
        for file in sorted((self.spool / state).glob(pattern)):
            content = json.loads(file.read_text())
            found[content["job"]] = content
        return found

    def holds(self, state: str) -> int:
        """How many studies are in a state of the spool."""
        return sum(1 for _ in (self.spool / state).iterdir())

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")
