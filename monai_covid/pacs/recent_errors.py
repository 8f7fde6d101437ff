"""The last things that went wrong."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

KEPT = 20


class RecentErrors:
    """Keeps the latest errors for the status page; they hold no patient data."""

    def __init__(self) -> None:
        """Begin without any."""
        self._errors: deque[dict[str, str]] = deque(maxlen=KEPT)

    def add(self, event: str, reason: str) -> None:
        """Remember ``reason``."""
        time = datetime.now(UTC).isoformat(timespec="seconds")
        self._errors.append({"time": time, "event": event, "reason": reason})

    def latest_first(self) -> list[dict[str, str]]:
        """Return the errors."""
        return list(reversed(self._errors.copy()))
