"""The service in a process of its own, so that it can be killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.dicom.service.peers import free_port, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]


class Process:
    """A running service.

    Attributes:
        port: Where it listens.
    """

    def __init__(
        self,
        spool: Path,
        send_to: str,
        *,
        block: Path | None = None,
        block_ahead: Path | None = None,
        aborts: str | None = None,
        **others: Any,
    ):
        """Start it.

        Args:
            spool: Its spool.
            send_to: Its destination.
            block: A file that is made when processing begins and never ends.
            block_ahead: The same for looking ahead.
            aborts: Patient ID of images that end the process by a signal of its own.
            others: Settings.
        """
        self.port = free_port()
        self._log = spool.with_name(f"{spool.name}-{self.port}.log")
        given = {
            "spool": str(spool),
            "send_to": [send_to],
            "settings": {"port": self.port, **others},
            "block": str(block) if block else None,
            "block_ahead": str(block_ahead) if block_ahead else None,
            "aborts": aborts,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.dicom.service.serve", json.dumps(given)],
                stderr=log,
                stdout=log,
                cwd=REPOSITORY,
            )

    def events(self) -> list[str]:
        """What it has logged."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line)["event"] for line in lines if line.endswith("}")]

    def ready(self) -> Process:
        """Wait until it listens."""
        wait_until(lambda: self._process.poll() is not None or "listening" in self.events(), 60)
        assert self._process.poll() is None, self._log.read_text()
        return self

    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it at once: SIGKILL."""
        self._process.kill()
        self._process.wait()

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end; return its exit status."""
        return self._process.wait(timeout=30)


@contextmanager
def process(spool: Path, send_to: str, **options: Any) -> Iterator[Process]:
    """A service that listens, and that is killed at the end if it still runs."""
    one = Process(spool, send_to, **options)
    try:
        yield one.ready()
    finally:
        one.kill()
