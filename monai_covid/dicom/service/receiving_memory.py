"""A bound on what all associations together have received and not stored yet."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pynetdicom import evt
from pynetdicom.association import Association

MOST = 512_000_000
"""Bytes of all messages; the one that became large first may grow beyond."""

SMALL = 32_000_000
"""Bytes up to which a message never waits; most radiographs stay below."""

_P_DATA = 4


class ReceivingMemory:
    """Has large messages wait for each other, so that not all of them are in memory at once.

    An association that waits is not read from, and TCP has its sender wait. The message that became
    large first always goes on, so that two halves never wait for each other.
    """

    def __init__(
        self, patience: float, refused: Callable[[evt.Event], None], most: int = MOST
    ) -> None:
        """Let messages have ``most`` bytes.

        Args:
            patience: Seconds after which an association that waits is aborted.
            refused: Called before that.
            most: Bytes of all messages together.
        """
        self._patience = patience
        self._refused = refused
        self._most = most
        self._held: dict[Association, int] = {}
        self._large: dict[Association, None] = {}
        self._changed = threading.Condition()

    def received(self, event: evt.Event) -> None:
        """Count a received PDU, and wait while there is no room (EVT_DATA_RECV)."""
        if event.data[:1] != bytes([_P_DATA]):
            return
        with self._changed:
            held = self._held.get(event.assoc, 0) + len(event.data)
            self._held[event.assoc] = held
            if held <= SMALL:
                return
            self._large.setdefault(event.assoc)
            if self._changed.wait_for(lambda: self._goes_on(event.assoc), self._patience):
                return
        self._refused(event)
        event.assoc.abort()

    def released(self, event: evt.Event) -> None:
        """Forget a message that was answered (EVT_DIMSE_SENT) or ended (EVT_CONN_CLOSE)."""
        with self._changed:
            self._held.pop(event.assoc, None)
            self._large.pop(event.assoc, None)
            self._changed.notify_all()

    def _goes_on(self, association: Association) -> bool:
        first = next(iter(self._large), association)
        return first is association or sum(self._held.values()) <= self._most
