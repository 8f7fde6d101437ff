"""Destinations that refuse, hang, answer errors, store without an answer, and vanish."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import NamedTuple

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import evt

from tests.dicom.service.peers import Archive, free_port
from tests.dicom.service.stow_server import StowServer, part_of, stow_answer

HANGS = 1.5
"""Seconds; longer than the service waits."""

FAULTS = ("refuse", "error", "hang", "hang after storing", "cut", "cut after storing")


class Stored(NamedTuple):
    """What is remembered of a stored result."""

    kind: str
    instance: str
    patient: str
    study: str
    about: frozenset[str]

    @classmethod
    def of(cls, dataset: Dataset) -> Stored:
        """That of ``dataset``."""
        references = (one for one in dataset.iterall() if one.keyword == "ReferencedSOPInstanceUID")
        return cls(
            dataset.SOPClassUID.name,
            str(dataset.SOPInstanceUID),
            str(dataset.PatientID),
            str(dataset.StudyInstanceUID),
            frozenset(str(reference.value) for reference in references),
        )


class Faults:
    """What goes wrong at a destination, the same for the same seed and order of events.

    Attributes:
        stored: What was stored.
        counts: How often each fault was met.
        active: Whether something goes wrong at all.
    """

    def __init__(self, seed: int) -> None:
        """Be active."""
        self.random = Random(seed)
        self.stored: set[Stored] = set()
        self.counts = dict.fromkeys([*FAULTS, "vanish"], 0)
        self.active = True
        self.lock = threading.Lock()
        self.quiet = threading.Event()

    def next(self) -> str:
        """The fault at the next instance; empty for none."""
        with self.lock:
            if not self.active or self.random.random() > 0.2:
                return ""
            fault = self.random.choice(FAULTS)
            self.counts[fault] += 1
            return fault

    def store(self, dataset: Dataset, fault: str) -> None:
        """Store, and hang, as ``fault`` asks."""
        if fault in ("", "hang after storing", "cut after storing"):
            with self.lock:
                self.stored.add(Stored.of(dataset))
        if fault.startswith("hang"):
            self.quiet.wait(HANGS)

    def end(self) -> None:
        """Be well."""
        self.active = False
        self.quiet.set()


class FaultyArchive(Archive):
    """A Storage SCP with faults."""

    def __init__(self, faults: Faults) -> None:
        """Have a port that stays the same."""
        super().__init__(free_port())
        self._faults = faults

    def _store(self, event: evt.Event) -> int:
        fault = self._faults.next()
        self._faults.store(event.dataset, fault)
        if fault.startswith("cut"):
            event.assoc.abort()
        return {"refuse": 0xA700, "error": 0xC000}.get(fault, 0x0000)


class FaultyStow(StowServer):
    """A DICOMweb server with faults, on a port that stays the same."""

    def __init__(self, faults: Faults, port: int = 0) -> None:
        """Listen."""
        self._faults = faults
        super().__init__(port=port)

    def start(self) -> FaultyStow:
        """Listen again."""
        super().__init__(port=self.port)
        return self

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Store, or not."""
        # The service is killed in the middle of requests and answers.
        with suppress(OSError, ValueError):
            self._answer(request, dcmread(io.BytesIO(part_of(request))))
            return
        request.close_connection = True

    def _answer(self, request: BaseHTTPRequestHandler, dataset: Dataset) -> None:
        fault = self._faults.next()
        self._faults.store(dataset, fault)
        if fault.startswith("cut"):
            request.close_connection = True
            return
        status = {"refuse": 503, "error": 500}.get(fault, 200)
        body = stow_answer(str(dataset.SOPInstanceUID), None) if status == 200 else b"no"
        request.send_response(status)
        request.send_header("Content-Type", "application/dicom+json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
