"""Receiving instances by C-STORE."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import evt

from monai_covid.dicom.service.acceptance import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    RefusedError,
    identify,
)
from monai_covid.dicom.service.arrivals import Arrivals, file_header
from monai_covid.dicom.service.commitment_requests import Reports, report_context, take_report
from monai_covid.dicom.service.commitment_scps import titles_of
from monai_covid.dicom.service.connections import (
    Entity,
    Server,
    SizeLimit,
    set_up_connection,
    supported_contexts,
)
from monai_covid.dicom.service.endpoint import Metrics, RecentErrors
from monai_covid.dicom.service.logs import log_event, place_of
from monai_covid.dicom.service.receiving_memory import ReceivingMemory
from monai_covid.dicom.service.screening import Screening
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.service.tls import receiving_context
from monai_covid.errors import OptionError

SUCCESS = 0x0000
LARGEST_PDU_ASKED_FOR = 131_072
"""Bytes; larger than pynetdicom's 16 KiB, which costs time for each, and dcmtk's largest."""

COMMENT_LENGTH = 64
"""Characters of Error Comment (0000,0902), VR LO."""


class Receiver:
    """A Storage and Verification SCP that acknowledges what is on disk, and nothing else."""

    def __init__(
        self,
        settings: Settings,
        arrivals: Arrivals,
        *,
        metrics: Metrics,
        errors: RecentErrors,
        announce: Callable[[], None],
        reports: Reports | None = None,
    ) -> None:
        """Keep what comes in ``arrivals``, and call ``announce`` after each.

        Args:
            settings: The settings.
            arrivals: Keeps images.
            metrics: What is counted.
            errors: What the status page shows of errors.
            announce: Called after each image.
            reports: Takes reports of Storage Commitment, if any are expected.

        Raises:
            OptionError: A TLS file is not usable.
        """
        self._settings = settings
        self._arrivals = arrivals
        self._metrics = metrics
        self._errors = errors
        self._announce = announce
        self._reports = reports
        # Whoever is asked for commitment may call in order to report it.
        self._allowed = settings.allow and (
            *settings.allow,
            *titles_of(settings.storage_commitment),
        )
        self._largest = round(settings.max_instance_mb * 1_000_000)
        self._screening = Screening(
            self._not_processed, trust_photometric=settings.trust_photometric
        )
        self._size_limit = SizeLimit(self._largest, self._too_large)
        self._memory = ReceivingMemory(settings.network_timeout / 2, self._too_many)
        self._tls = receiving_context(settings)
        self._server: Server | None = None
        # One at a time, for what half a megabyte can inflate to.
        self._inflating = threading.Lock()

    @property
    def port(self) -> int:
        """Return the port that is listened on; 0 before :meth:`start`."""
        return int(self._server.server_address[1]) if self._server else 0

    @property
    def listening(self) -> bool:
        """Return whether connections are accepted."""
        return self._server is not None

    def start(self) -> None:
        """Listen.

        Raises:
            OptionError: The address cannot be used.
        """
        settings = self._settings
        try:
            self._server = self._entity().make_server(
                (settings.host, settings.port),
                ssl_context=self._tls,
                evt_handlers=self._handlers(),
                server_class=Server,
            )
        except OSError as error:
            raise OptionError(
                f"--host is {settings.host} and --port is {settings.port}, which cannot be "
                f"listened on ({error.strerror}); give an address of this machine and a free port"
            ) from error
        self._server.listen()

    def stop(self, seconds: float = 2.0) -> None:
        """Stop listening and abort all associations."""
        if self._server is not None:
            self._server.shutdown()
            self._server.abort_all(seconds)
            self._server = None

    def _entity(self) -> Entity:
        entity = Entity(ae_title=self._settings.ae_title)
        reports = [report_context()] if self._reports is not None else []
        entity.supported_contexts = [*supported_contexts(), *reports]
        entity.require_calling_aet = list(self._allowed)
        entity.require_called_aet = self._settings.require_called_ae
        entity.maximum_associations = self._settings.max_associations
        entity.maximum_pdu_size = LARGEST_PDU_ASKED_FOR
        entity.acse_timeout = self._settings.acse_timeout
        entity.dimse_timeout = self._settings.dimse_timeout
        entity.network_timeout = self._settings.network_timeout
        return entity

    def _handlers(self) -> list[evt.EventHandlerType]:
        reports: list[evt.EventHandlerType] = []
        if self._reports is not None:
            reports.append((evt.EVT_N_EVENT_REPORT, take_report, [self._reports]))
        return [
            *reports,
            (evt.EVT_CONN_OPEN, set_up_connection, [self._settings.network_timeout]),
            (evt.EVT_DATA_RECV, self._size_limit.received),
            (evt.EVT_DATA_RECV, self._memory.received),
            (evt.EVT_DIMSE_SENT, self._size_limit.answered),
            (evt.EVT_DIMSE_SENT, self._memory.released),
            (evt.EVT_CONN_CLOSE, self._memory.released),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_STORE, self._store),
        ]

    def _store(self, event: evt.Event) -> int | Dataset:
        try:
            study, new = self._keep(event)
        except RefusedError as error:
            return self._refuse(event, error)
        except OSError as error:
            reason = f"cannot be kept: {error.strerror or type(error).__name__}"
            return self._refuse(event, RefusedError(OUT_OF_RESOURCES, "no_space", reason))
        # pynetdicom would log the text of the error, which may be patient data.
        except Exception as error:
            reason = f"unexpected {place_of(error)}"
            return self._refuse(event, RefusedError(CANNOT_UNDERSTAND, "error", reason))
        self._metrics.received.inc()
        self._announce()
        log_event("instance received", study=study, new=new, **_peer(event))
        return SUCCESS

    def _keep(self, event: evt.Event) -> tuple[str, bool]:
        """Keep the instance; return the key of its study and whether it was not there yet."""
        request = event.request
        data: bytes = request.DataSet.getvalue()
        if len(data) > self._largest:
            raise RefusedError(
                OUT_OF_RESOURCES, "oversized", f"{len(data)} bytes; at most {self._largest}"
            )
        sop_class, sop_instance = request.AffectedSOPClassUID, request.AffectedSOPInstanceUID
        syntax = event.file_meta.TransferSyntaxUID
        with self._inflating if syntax.is_deflated else nullcontext():
            identity = identify(data, syntax, sop_class, sop_instance, self._largest)
        header = file_header(sop_class, sop_instance, syntax)
        look = _taken_unseen if syntax.is_deflated else self._screening
        return identity.group, self._arrivals.store(identity, header, data, look)

    def _not_processed(self, reason: str) -> None:
        self._metrics.not_processed.labels(reason.partition(" (")[0]).inc()
        log_event("instance will not be processed", reason=reason)

    def _refuse(self, event: evt.Event, error: RefusedError) -> Dataset:
        self._note(event, error.kind, str(error), status=f"0x{error.status:04X}")
        answer = Dataset()
        answer.Status = error.status
        # A backslash would make two values of it.
        answer.ErrorComment = str(error).replace("\\", "/")[:COMMENT_LENGTH]
        return answer

    def _too_large(self, event: evt.Event) -> None:
        self._note(event, "oversized", f"larger than {self._largest} bytes; association aborted")

    def _too_many(self, event: evt.Event) -> None:
        self._note(event, "no_memory", "too many large images at once; association aborted")

    def _note(self, event: evt.Event, kind: str, reason: str, **fields: str) -> None:
        self._metrics.refused.labels(kind).inc()
        self._errors.add("instance refused", reason)
        told = {"reason": reason, **fields, **_peer(event)}
        log_event("instance refused", logging.WARNING, **told)

    def _rejected(self, event: evt.Event) -> None:
        self._metrics.rejected.inc()
        reason = self._reason_of_rejection(event)
        self._errors.add("association rejected", f"{_peer(event)['ae_title']}: {reason}")
        log_event("association rejected", logging.WARNING, reason=reason, **_peer(event))

    def _reason_of_rejection(self, event: evt.Event) -> str:
        """Return why, in the order in which pynetdicom asks (DICOM PS3.8, 9.3.4)."""
        settings, request = self._settings, event.assoc.requestor.primitive
        if self._allowed and request.calling_ae_title not in self._allowed:
            return "its AE title is not among those of --allow"
        if settings.require_called_ae and request.called_ae_title != settings.ae_title:
            return f"it called {request.called_ae_title}, not {settings.ae_title}"
        return f"{settings.max_associations} associations at once (--max-associations)"


def _peer(event: evt.Event) -> dict[str, str]:
    requestor = event.assoc.requestor
    return {"peer": str(requestor.address), "ae_title": str(requestor.ae_title)}


def _taken_unseen(file: Path) -> None:
    """Leave a deflated image to processing: inflated once more, it would take too much memory."""
