"""Why a received instance is not accepted."""

from __future__ import annotations

OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
DUPLICATE = 0x0111
"""Statuses of C-STORE: DICOM PS3.4 B.2.3 and PS3.7 C.5.7."""


class RefusedError(Exception):
    """An instance is not accepted; the message says why and holds no patient data.

    Attributes:
        status: What the sender is told.
        kind: One word for counters.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Refuse with ``status`` because of ``message``."""
        super().__init__(message)
        self.status = status
        self.kind = kind
