"""No network: for this process, or as a script that runs a module in such a process."""

import runpy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


class NetworkTouchedError(Exception):
    """Something tried to reach the network."""


def refuse(*arguments: Any, **_: Any) -> Any:
    """Stand in for a socket function."""
    raise NetworkTouchedError(f"the network was touched: {arguments[-1]!r}")


FUNCTIONS = ((socket.socket, "connect"), (socket, "getaddrinfo"), (socket, "create_connection"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection fail during a test."""
    for owner, name in FUNCTIONS:
        monkeypatch.setattr(owner, name, refuse)


def run_module(module: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE ARGUMENTS`` without a network; stderr is part of stdout."""
    return subprocess.run(
        [sys.executable, __file__, module, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def run_bundle(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m monai.bundle ARGUMENTS`` without a network; stderr is part of stdout."""
    return run_module("monai.bundle", *arguments, cwd=cwd)


if __name__ == "__main__":
    for owner, name in FUNCTIONS:
        setattr(owner, name, refuse)
    sys.argv = sys.argv[1:]
    # As with "python -m", and not the folder of this script.
    sys.path[0] = ""
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
