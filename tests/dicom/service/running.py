"""The service within the test's process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from monai_covid.dicom.service.logs import service_logging
from monai_covid.dicom.service.service import Service
from monai_covid.dicom.service.settings import Settings

QUIET = 0.15


def settings(spool: Path, *send_to: str, **others: Any) -> Settings:
    """Settings with short times and a port of its own."""
    short = {
        "port": 0,
        "quiet_time": QUIET,
        "retry_delay": 0.05,
        "send_retry": 0.05,
        "send_retry_most": 0.2,
        "reserve_mb": 0.0,
        "stop_wait": 10.0,
        "network_timeout": 10.0,
    }
    return Settings(
        spool=spool, send_to=send_to or ("dicom://X@127.0.0.1:1",), **{**short, **others}
    )


@contextmanager
def running(
    chosen: Settings, processor: Any, log: io.StringIO | None = None, disk: Any = None
) -> Iterator[Service]:
    """A service that receives; ``log`` gets its lines."""
    with service_logging("json", log or io.StringIO()):
        service = Service(chosen, {"model": "fake"}, disk)
        service.open()
        try:
            service.start(processor)
            yield service
        finally:
            service.stop()


def try_to_start(chosen: Settings) -> None:
    """Start a service that is expected not to."""
    with running(chosen, None):
        pytest.fail("it has started")


def folders(spool: Path, state: str) -> list[Path]:
    """What is in a state of the spool."""
    return sorted(path for path in (spool / state).iterdir() if not path.name.startswith("."))
