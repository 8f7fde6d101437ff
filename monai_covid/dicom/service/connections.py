"""Connections: what is accepted, and bounds on what a peer can make them wait for or hold."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, Queue
from socketserver import BaseServer
from typing import Any
from weakref import WeakKeyDictionary

from pydicom.uid import (
    JPEG2000,
    Comprehensive3DSRStorage,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined, unused-ignore]
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from monai_covid.dicom.service.logs import log_event, place_of

LARGEST_PDU = 1 << 20
"""Bytes of one PDU; far above what is negotiated and what an association request needs."""

QUICK_ACKNOWLEDGEMENT: int | None = getattr(socket, "TCP_QUICKACK", None)
"""The socket option, which Linux alone has."""

_P_DATA = 4


def set_up_connection(event: evt.Event, seconds: float) -> None:
    """Let nothing on a new connection wait longer than it must (EVT_CONN_OPEN).

    Reading and writing fail after ``seconds`` without a byte; otherwise a peer that stops in the
    middle of a PDU holds its thread for ever.
    """
    connection = BoundedSocket(event.assoc.dul.socket)
    event.assoc.dul.socket = connection
    connection.socket.settimeout(seconds)
    # Otherwise the end of a message waits for the acknowledgement of what came before (RFC 896).
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class BoundedSocket(AssociationSocket):
    """A connection that acknowledges at once and bounds the PDUs that it receives.

    The length of a PDU is told by its sender (up to 4 GiB), and pynetdicom reads all of it into
    memory before it looks at it.
    """

    def __init__(self, connected: AssociationSocket) -> None:
        """Take over ``connected``, which is not used any more."""
        # The constructor would announce the connection to the state machine a second time.
        self.__dict__.update(connected.__dict__)

    def recv(self, nr_bytes: int) -> bytearray:
        """Read ``nr_bytes``; an impossible number ends the connection."""
        if nr_bytes > LARGEST_PDU:
            raise OSError(f"a PDU of {nr_bytes} bytes; at most {LARGEST_PDU} are accepted")
        self._acknowledge_at_once()
        received: bytearray = super().recv(nr_bytes)
        return received

    def _acknowledge_at_once(self) -> None:
        """Spare peers that write a PDU in two pieces, as DCMTK does, a wait of 40 ms.

        They write the second piece when the first is acknowledged, which the kernel puts off
        (RFC 1122, 4.2.3.2). It forgets the option, so it is set again and again (tcp(7)).
        """
        if QUICK_ACKNOWLEDGEMENT is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACKNOWLEDGEMENT, 1)


class AnswerQueue(Queue[Any]):
    """Messages of an association that only sends: all of them are answers to who waits for one.

    pynetdicom's own thread looks for messages too, and throws an answer away if it comes across
    it. It is stopped before each sending, but may be past the place where it stops; the faster the
    answer, the likelier. (pydicom/pynetdicom issue 435 has the same race elsewhere.)
    """

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next message; whoever does not wait for one gets none.

        Raises:
            queue.Empty: There is no message in time.
        """
        if not block:
            raise Empty
        return super().get(block, timeout)


class SizeLimit:
    """Aborts an association whose message grows beyond what is accepted.

    Counted from one answer to the next, so that messages sent ahead are bounded as well.
    """

    def __init__(self, largest: int, refused: Callable[[evt.Event], None]) -> None:
        """Accept messages of up to ``largest`` bytes; ``refused`` is called before an abort."""
        # Headers of PDUs and the command come on top; the receiver compares the data set exactly.
        self._largest = largest + largest // 100 + LARGEST_PDU
        self._refused = refused
        self._received: WeakKeyDictionary[Association, int] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def received(self, event: evt.Event) -> None:
        """Count a received PDU (EVT_DATA_RECV)."""
        if event.data[:1] != bytes([_P_DATA]):
            return
        with self._lock:
            before = self._received.get(event.assoc, 0)
            total = before + len(event.data)
            self._received[event.assoc] = total
        if before <= self._largest < total:
            self._refused(event)
            event.assoc.abort()

    def answered(self, event: evt.Event) -> None:
        """Begin to count anew (EVT_DIMSE_SENT)."""
        with self._lock:
            self._received[event.assoc] = 0


IMAGES = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
"""Classes of images; whether one of them is processed is decided later, with a reason if not."""

OWN_RESULTS = (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SegmentationStorage,
)
"""Accepted so that a PACS that routes everything here is not held up; they are not processed."""

PLAIN_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)
IMAGE_SYNTAXES = (
    *PLAIN_SYNTAXES,
    JPEGLosslessSV1,
    JPEGLossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)
"""Of those that a sender proposes in one context, its first that is listed here is taken."""


def supported_contexts() -> list[PresentationContext]:
    """Return the presentation contexts of the SCP, C-ECHO included."""
    return [
        build_context(Verification, [ImplicitVRLittleEndian, ExplicitVRLittleEndian]),
        *(build_context(sop_class, list(IMAGE_SYNTAXES)) for sop_class in (*IMAGES, *OWN_RESULTS)),
    ]


POLL = 0.1
"""Seconds until a stop of the listening is noticed."""


class Entity(AE):
    """An application entity that counts connections only as long as they are there.

    pynetdicom goes on counting one that closed before it asked for an association, until the
    timeout of that; a few probes of the port would keep senders out.
    """

    @property
    def active_associations(self) -> list[Association]:
        """Return the associations with a connection."""
        associations: list[Association] = super().active_associations
        return [association for association in associations if association.dul.is_alive()]


class Server(ThreadedAssociationServer):
    """Accepts connections, and shakes hands for TLS in the thread of each.

    In pynetdicom's server a peer that connects and then says nothing keeps all others waiting for
    its TLS handshake, and errors of a connection are printed with whatever their text holds.
    """

    daemon_threads = True
    request_queue_size = 64

    def listen(self) -> threading.Thread:
        """Accept connections in a thread of their own, which is returned."""
        thread = threading.Thread(
            target=self.serve_forever, args=[POLL], name="listening", daemon=True
        )
        thread.start()
        return thread

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        connection, address = self.socket.accept()
        connection.settimeout(self.ae.acse_timeout)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then begin the association (in the thread of the connection)."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log that a connection failed before it was an association."""
        error = sys.exc_info()[1]
        reason = place_of(error) if error is not None else "unknown"
        log_event("connection failed", logging.WARNING, peer=client_address[0], reason=reason)

    def shutdown(self) -> None:
        """Stop accepting connections."""
        BaseServer.shutdown(self)
        self.server_close()

    def abort_all(self, seconds: float) -> None:
        """Abort all associations; close the connections of those still there after ``seconds``."""
        associations = self.active_associations
        # One that is not established yet waits in its thread for a request that does not come.
        threads = [
            association if association.is_established else association.dul
            for association in associations
        ]
        for association in associations:
            association.abort(block=False)
        limit = time.monotonic() + seconds
        for association, thread in zip(associations, threads, strict=True):
            thread.join(max(0.0, limit - time.monotonic()))
            connection = association.dul.socket and association.dul.socket.socket
            if thread.is_alive() and connection:
                connection.close()
