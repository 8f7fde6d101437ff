"""A PACS that offers Storage Commitment."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from monai_covid.dicom.service.commitment_requests import (
    PUSH_MODEL,
    PUSH_MODEL_INSTANCE,
    SYNTAXES,
)
from tests.dicom.service.peers import SECONDS, Archive

ALL_KEPT, SOME_LOST = 1, 2
"""Event Type IDs (DICOM PS3.4, J.3.3.1)."""


class CommittingArchive(Archive):
    """A Storage SCP and Storage Commitment SCP.

    Attributes:
        requests: Action Information of each request.
        lost: Makes the Failure Reason of an instance; 0: it is kept.
        status: What a request is answered with.
        reports_to: Port where it reports; 0: over the same association; None: it does not.
        proposes_role: Whether it asks for the role of the SCP there.
        reported: Statuses with which its reports were answered.
        go_on: A request is not answered before this is set.
    """

    def __init__(self, port: int = 0, offered: bool = True) -> None:
        """Listen on ``port`` as soon as :meth:`start` is called."""
        super().__init__(port)
        if offered:
            self._entity.add_supported_context(PUSH_MODEL, SYNTAXES)
        self.handlers.append((evt.EVT_N_ACTION, self._asked))
        self.requests: list[Dataset] = []
        self.lost: Callable[[str], int] = lambda instance: 0
        self.status = 0x0000
        self.reports_to: int | None = 0
        self.proposes_role = True
        self.reported: list[int] = []
        self.go_on = Event()
        self.go_on.set()

    def report(self, request: Dataset) -> tuple[int, Dataset]:
        """Event type and information that answer ``request``."""
        items = [(item, self.lost(item.ReferencedSOPInstanceUID)) for item in request[0x00081199]]
        for item, reason in items:
            if reason:
                item.FailureReason = reason
        information = Dataset()
        information.TransactionUID = request.TransactionUID
        information.ReferencedSOPSequence = [item for item, reason in items if not reason]
        failed = [item for item, reason in items if reason]
        if failed:
            information.FailedSOPSequence = failed
        return (SOME_LOST if failed else ALL_KEPT), information

    def call(self, port: int, request: Dataset) -> None:
        """Report over an association of its own."""
        entity = AE(ae_title="ARCHIVE")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
        entity.add_requested_context(PUSH_MODEL, SYNTAXES)
        roles = [build_role(PUSH_MODEL, scp_role=True)] if self.proposes_role else []
        made = entity.associate("127.0.0.1", port, ae_title="MONAI_COVID", ext_neg=roles)
        assert made.is_established
        self._send(made, request)
        made.release()

    def _send(self, association: object, request: Dataset) -> None:
        event, information = self.report(request)
        answer, _ = association.send_n_event_report(
            information, event, PUSH_MODEL, PUSH_MODEL_INSTANCE
        )
        self.reported.append(answer.get("Status", -1))

    def _asked(self, event: evt.Event) -> tuple[int, None]:
        request = event.action_information
        self.requests.append(request)
        assert self.go_on.wait(SECONDS)
        if self.status == 0x0000 and self.reports_to is not None:
            how = (
                (self._send, event.assoc) if self.reports_to == 0 else (self.call, self.reports_to)
            )
            Thread(target=how[0], args=(how[1], request), daemon=True).start()
        return self.status, None
