"""Structured logs without patient data."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

OWN = "monai_covid"
LOGGER = logging.getLogger("monai_covid.pacs")

Field = str | int | float | bool | None | list[str]


def log_event(name: str, level: int = logging.INFO, /, **fields: Field) -> None:
    """Log that ``name`` happened; ``fields`` must hold no patient data."""
    LOGGER.log(level, name, extra={"fields": fields})


def place_of(error: BaseException) -> str:
    """Return the kind of an error and where it was raised.

    Its text is left out: libraries put values into it that may be patient data.
    """
    return f"{type(error).__name__} in {_last_line(error.__traceback__)}"


def _last_line(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


class EventFormatter(logging.Formatter):
    """One line per event, as JSON or as text.

    Of records of other libraries only the place is shown, never the message or its arguments.
    """

    def __init__(self, kind: str) -> None:
        """Format as ``kind``: json or text."""
        super().__init__()
        self._json = kind == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        content = {"time": time, "level": record.levelname.lower(), **_content(record)}
        if self._json:
            return json.dumps(content, ensure_ascii=False)
        head = " ".join(str(content.pop(key)) for key in ("time", "level", "event"))
        return " ".join([head, *(f"{key}={value!r}" for key, value in content.items())])


def _content(record: logging.LogRecord) -> dict[str, Field]:
    if record.name == OWN or record.name.startswith(f"{OWN}."):
        content = {"event": record.getMessage(), **getattr(record, "fields", {})}
    else:
        place = f"{Path(record.pathname).name}:{record.lineno}"
        content = {"event": "library message", "library": record.name, "place": place}
    if record.exc_info and record.exc_info[1] is not None:
        content["error"] = place_of(record.exc_info[1])
    return content


class EventHandler(logging.StreamHandler[TextIO]):
    """Writes events; information of other libraries is left out, their warnings are counted in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        return record.name.startswith(OWN) or record.levelno >= logging.WARNING


@contextmanager
def service_logging(kind: str, stream: TextIO | None = None) -> Iterator[None]:
    """Let all that is logged, warned of and raised in threads go through :class:`EventFormatter`.

    For a process that is nothing but the service; afterwards everything is as before.
    """
    handler = EventHandler(stream or sys.stderr)
    handler.setFormatter(EventFormatter(kind))
    root = logging.getLogger()
    before, level, hook = root.handlers[:], root.level, threading.excepthook
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread_error
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.captureWarnings(False)
        root.setLevel(level)
        root.handlers[:] = before


def _log_thread_error(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        log_event("thread ended", logging.ERROR, error=place_of(arguments.exc_value))
