"""Processes that begin with PyTorch and MONAI loaded, which takes ten seconds of a processor.

All are forked from one server, which has imported the libraries and done nothing else. A few tests
start Python itself: those where it matters how it starts.
"""

import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NamedTuple

import torch

LOADED = ("pytest", "monai.bundle", "monai.engines", "monai_covid.training.run")
"""What the server imports."""

LIFE = 300
"""Seconds after which a process is ended, whatever became of its test."""


class Ended(NamedTuple):
    """How a process ended."""

    returncode: int
    """Exit status; the signal that ended it as a negative number."""

    stdout: str
    """All that it wrote, to stderr as well."""


class WarmProcess:
    """A process that calls ``function(*arguments)``, all of which are sent to it by pickle.

    Args:
        function: Of a module; may end by ``sys.exit``.
        arguments: Its arguments.
        folder: Working folder.
        environment: What is added to the environment of the tests.
    """

    def __init__(
        self,
        function: Callable[..., object],
        *arguments: object,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._output = tempfile.NamedTemporaryFile("w+")  # noqa: SIM115
        places = (self._output.name, str(folder), {**os.environ, **(environment or {})})
        self._process = _server().Process(target=_call, args=(*places, function, arguments))
        self._process.start()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def finish(self) -> Ended:
        """Wait for the end of the process."""
        self._process.join()
        assert self._process.exitcode is not None
        with self._output:
            self._output.seek(0)
            return Ended(self._process.exitcode, self._output.read())


def run_as_main(name: str, *arguments: str) -> None:
    """Do in this process what ``python -m NAME ARGUMENTS`` does."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


@cache
def _server() -> ForkServerContext:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(list(LOADED))
    return server


def _call(
    output: str,
    folder: str,
    environment: dict[str, str],
    function: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    signal.alarm(LIFE)
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
        stream.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    torch.set_num_threads(1)
    function(*arguments)
