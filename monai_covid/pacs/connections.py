"""How connections are set up, and bounds on what a peer can make them wait for or hold."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import Any
from weakref import WeakKeyDictionary

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

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
