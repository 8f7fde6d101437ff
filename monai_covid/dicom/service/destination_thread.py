"""A thread that does for one destination what is due, and sleeps in between."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from monai_covid.dicom.service.destinations import Destination


class DestinationThread(ABC):
    """Runs `_run` until it is stopped.

    Args:
        destination: Whose thread it is.
        role: What it does, for the thread's name.
    """

    def __init__(self, destination: Destination, role: str) -> None:
        """Make the thread; :meth:`start` begins it."""
        self.destination = destination
        self._wake = threading.Event()
        self._stopping = threading.Event()
        # A daemon, so that a destination that hangs cannot keep the process from ending.
        self._thread = threading.Thread(
            target=self._run, name=f"{role} {destination.url}", daemon=True
        )

    @abstractmethod
    def _run(self) -> None:
        """Work until ``_stopping`` is set; ``_wake`` is set when there is something to do."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End after the current step; :meth:`join` waits for that."""
        self._stopping.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; return whether it came in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()
