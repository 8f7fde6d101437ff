"""Several processes of one thread each, at work on the same study."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

OUT_OF_TIME = 3
"""Exit status of a process that ran out of time."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_TO_STOP = 30.0
ENDED_WELL = (0, OUT_OF_TIME)


def run_jobs(
    command: Sequence[str],
    jobs: int,
    logs: Path,
    look: Callable[[], None],
    *,
    seconds_between_looks: float = SECONDS_BETWEEN_LOOKS,
) -> int:
    """Run a command in several processes at once and wait for their ends.

    If one of them fails, or this process is interrupted or terminated, the others are asked to
    stop; what they have done so far is kept.

    Args:
        command: Arguments of the Python interpreter.
        jobs: Number of processes.
        logs: Folder for what they write; ``job_1.log`` and so on go on from earlier calls.
        look: Called now and then while they run, and not after.
        seconds_between_looks: How often.

    Returns:
        The exit status of a process that failed, else ``OUT_OF_TIME`` if one ran out of time,
        else 0.

    Raises:
        SystemExit: With status 143 if this process was asked to terminate.
    """
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    processes: list[subprocess.Popen[bytes]] = []
    with _termination_as_exit():
        try:
            for number in range(1, jobs + 1):
                processes.append(_start(command, environment, logs / f"job_{number}.log"))
            while any(process.poll() is None for process in processes):
                if any(process.poll() not in (None, *ENDED_WELL) for process in processes):
                    break
                look()
                time.sleep(seconds_between_looks)
        finally:
            _stop(processes)
    failed = [code for process in processes if (code := process.returncode) not in ENDED_WELL]
    return failed[0] if failed else max(process.returncode for process in processes)


@contextmanager
def _termination_as_exit() -> Iterator[None]:
    """Let SIGTERM run ``finally`` clauses: by default it would leave the other processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _start(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=stream, stderr=subprocess.STDOUT
        )


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
