"""The service as a process in the foreground."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from types import FrameType

from monai_covid.dicom.service.crashes import crashes_noted
from monai_covid.dicom.service.logs import service_logging
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.service.worker import OneThread
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import OptionError

NEEDED = ("pynetdicom", "dicomweb_client", "prometheus_client", "highdicom")


def check_extras() -> None:
    """Make sure that the packages of the extra ``pacs`` are installed.

    Raises:
        OptionError: If not; the message says how to install them.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise OptionError(f"not installed: {', '.join(missing)}; pip install 'monai-covid[pacs]'")


def check_system() -> None:
    """Make sure that this is Linux.

    What survives a crash depends on its file systems (fsync of folders, hard links).

    Raises:
        OptionError: It is not.
    """
    if not sys.platform.startswith("linux"):
        raise OptionError(
            f"listen is for Linux, and this is {sys.platform}; run it there, in a virtual machine "
            "or in a container. predict and explain work here"
        )


SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_service(
    settings: Settings, processor: StudyProcessor, about: Mapping[str, str] | None = None
) -> int:
    """Run the service with ``processor`` until SIGTERM or SIGINT; see :func:`run_when_loaded`."""
    return run_when_loaded(settings, lambda: processor, about)


def run_when_loaded(
    settings: Settings,
    load: Callable[[], StudyProcessor],
    about: Mapping[str, str] | None = None,
) -> int:
    """Run the service until SIGTERM or SIGINT; must be called in the main thread.

    The first signal lets the study being processed finish (``stop_wait``) and leaves everything
    else on disk; a second one ends the process at once, which loses nothing either.

    Args:
        settings: The settings.
        load: Makes the processor; called when the spool is locked, the status pages answer and
            images are received, which wait for it.
        about: What ``/status`` says of the processor.

    Returns:
        Exit status: 0.

    Raises:
        OptionError: A setting is not usable, the extra ``pacs`` is not installed, or this is not
            Linux.
    """
    check_system()
    check_extras()
    # Only now is it known that its imports are there.
    from monai_covid.dicom.service.service import Service  # noqa: PLC0415

    with service_logging(settings.log_format), _signals() as signals:
        service = Service(settings, about)
        service.open()
        try:
            service.receive()
            with crashes_noted(service.spool.folder), closing(OneThread(load)) as processor:
                if signals.empty():
                    service.start(processor)
                    signals.get()
                ended = service.stop()
        except BaseException:
            service.stop()
            raise
        if not ended or _others():
            leave(0)
    return 0


def leave(status: int) -> None:
    """End the process without waiting for threads, which the spool allows at any time."""
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status)


def _others() -> bool:
    """Return whether there are threads for which the interpreter would wait."""
    return any(
        not thread.daemon and thread is not threading.main_thread()
        for thread in threading.enumerate()
    )


@contextmanager
def _signals() -> Iterator[queue.SimpleQueue[int]]:
    """Yield a queue that gets the first signal; the second one ends the process."""
    # Unlike an event, its ``put`` may interrupt its own ``get``.
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            os._exit(128 + number)
        received.put(number)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
