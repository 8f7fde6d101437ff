"""Storage Commitment as SCU: N-ACTION, and reports by N-EVENT-REPORT (DICOM PS3.4, J.3)."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer, current_thread
from typing import NamedTuple, Protocol

from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context, evt
from pynetdicom.presentation import PresentationContext

from monai_covid.dicom.service.associations import Requestor
from monai_covid.dicom.service.connections import AnswerQueue
from monai_covid.dicom.service.destinations import Destination
from monai_covid.dicom.service.settings import Settings

PUSH_MODEL = UID("1.2.840.10008.1.20.1")
PUSH_MODEL_INSTANCE = UID("1.2.840.10008.1.20.1.1")
"""The well-known SOP class and instance (DICOM PS3.4, J.3.5)."""

REQUEST = 1
"""Action Type ID of Request Storage Commitment (PS3.4, J.3.2)."""

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
INVALID_ARGUMENT = 0x0115
"""Statuses of N-EVENT-REPORT (PS3.7, 10.1.1.1.8)."""

FAILURE_REASONS = {
    0x0110: "processing failure",
    0x0112: "no such object instance",
    0x0119: "class / instance conflict",
    0x0122: "referenced SOP class not supported",
    0x0131: "duplicate transaction UID",
    0x0213: "resource limitation",
}
"""Values of Failure Reason (0008,1197) of PS3.3, C.14.1.1."""

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian]


class NotOfferedError(Exception):
    """A destination does not take a request for commitment; the message says how it refused."""


class Reports(Protocol):
    """Takes in what a report says."""

    def __call__(
        self, transaction: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> bool:
        """Return whether the transaction is known; see `Commitments.report`."""


def report_context() -> PresentationContext:
    """Return the context in which an SCP that opens an association of its own reports.

    It asks for the role of the SCP (PS3.4, J.3.3.1); one that does not is understood all the same.
    """
    context = build_context(PUSH_MODEL, SYNTAXES)
    context.scu_role, context.scp_role = True, True
    return context


def take_report(event: evt.Event, reports: Reports) -> tuple[int, None]:
    """Answer a report (EVT_N_EVENT_REPORT)."""
    content = _content(event.event_information)
    if content is None:
        return INVALID_ARGUMENT, None
    return (SUCCESS if reports(*content) else INVALID_ARGUMENT), None


class _Content(NamedTuple):
    transaction: str
    committed: frozenset[str]
    failed: dict[str, int]


def _content(information: Dataset) -> _Content | None:
    """Return what the Event Information says; None if it cannot be understood."""
    transaction = str(information.get("TransactionUID") or "")
    committed = {str(item.ReferencedSOPInstanceUID) for item in _items(information, "Referenced")}
    failed = {
        str(item.ReferencedSOPInstanceUID): int(item.get("FailureReason") or PROCESSING_FAILURE)
        for item in _items(information, "Failed")
    }
    return (
        _Content(transaction, frozenset(committed - failed.keys()), failed) if transaction else None
    )


def _items(information: Dataset, which: str) -> list[Dataset]:
    items = information.get(f"{which}SOPSequence") or []
    return [item for item in items if "ReferencedSOPInstanceUID" in item]


class CommitmentAssociation:
    """An association over which commitment is requested, and may be reported too.

    pynetdicom answers a report in a thread of its own, which at its end lifts the pause that
    whatever is sent or released at that moment waits for: for ever. So that thread is waited for
    first, and an association that hangs all the same is aborted.
    """

    def __init__(self, requestor: Requestor, reports: Reports, seconds: float) -> None:
        """Request the association; an answer may take up to ``seconds``.

        Raises:
            NotOfferedError: The destination does not offer Storage Commitment.
            UnreachableError: It cannot be talked to.
        """
        self._reports = reports
        self._seconds = seconds
        self._answering: list[Thread] = []
        association = requestor.associate(
            [build_context(PUSH_MODEL, SYNTAXES)], [(evt.EVT_N_EVENT_REPORT, self._take_report)]
        )
        if association is None:
            raise NotOfferedError("Storage Commitment is not accepted")
        association.dimse.msg_queue = AnswerQueue()
        self._association = association

    @property
    def is_established(self) -> bool:
        """Return whether it is open."""
        return bool(self._association.is_established)

    def ask(self, transaction: UID, files: Collection[Path]) -> None:
        """Request commitment to ``files``.

        Raises:
            NotOfferedError: It is refused.
            OSError: The association ended.
        """
        information = Dataset()
        information.TransactionUID = transaction
        information.ReferencedSOPSequence = [_reference(file) for file in files]
        try:
            with self._bounded():
                answer, _ = self._association.send_n_action(
                    information, REQUEST, PUSH_MODEL, PUSH_MODEL_INSTANCE
                )
        except RuntimeError as error:
            raise ConnectionError("the association ended before Storage Commitment") from error
        if "Status" not in answer:
            raise ConnectionError("Storage Commitment was not answered")
        if answer.Status != SUCCESS:
            status = f"0x{answer.Status:04X}"
            raise NotOfferedError(f"Storage Commitment was answered with status {status}")

    def release(self) -> None:
        """End it."""
        with self._bounded():
            if self._association.is_established:
                self._association.release()

    def _take_report(self, event: evt.Event) -> tuple[int, None]:
        self._answering.append(current_thread())
        return take_report(event, self._reports)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        while self._answering:
            self._answering.pop().join(self._seconds)
        watch = Timer(self._seconds, self._association.abort, kwargs={"block": False})
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


class CommitmentRequester:
    """Asks a destination to commit to instances that it has stored."""

    def __init__(
        self,
        destination: Destination,
        settings: Settings,
        tls: ssl.SSLContext | None,
        reports: Reports,
    ) -> None:
        """Ask ``destination``; what it reports over the same association goes to ``reports``."""
        self._requestor = Requestor(destination, settings, tls)
        self._reports = reports
        self._seconds = settings.dimse_timeout + settings.acse_timeout

    @contextmanager
    def association(self) -> Iterator[CommitmentAssociation]:
        """Keep an association open for requests and for reports.

        Raises:
            NotOfferedError: The destination does not offer Storage Commitment.
            UnreachableError: It cannot be talked to.
        """
        association = CommitmentAssociation(self._requestor, self._reports, self._seconds)
        try:
            yield association
        finally:
            association.release()


def _reference(file: Path) -> Dataset:
    meta = read_file_meta_info(file)
    item = Dataset()
    item.ReferencedSOPClassUID = meta.MediaStorageSOPClassUID
    item.ReferencedSOPInstanceUID = meta.MediaStorageSOPInstanceUID
    return item
