"""Bounds on what a peer can make a connection wait for or hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

LARGEST_PDU = 1 << 20
"""Bytes of one PDU; far above what is negotiated and what an association request needs."""

_P_DATA = 4


def limit_waiting(event: evt.Event, seconds: float) -> None:
    """Let reading and writing fail after ``seconds`` without a byte (EVT_CONN_OPEN).

    Otherwise a peer that stops in the middle of a PDU holds its thread for ever.
    """
    event.assoc.dul.socket.socket.settimeout(seconds)


class BoundedSocket(AssociationSocket):
    """A connection over which no PDU may be longer than ``LARGEST_PDU``.

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
        received: bytearray = super().recv(nr_bytes)
        return received


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

    def opened(self, event: evt.Event) -> None:
        """Bound the PDUs of a new connection (EVT_CONN_OPEN)."""
        event.assoc.dul.socket = BoundedSocket(event.assoc.dul.socket)

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
