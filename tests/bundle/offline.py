"""No network: for this process, or for a module that runs in a process of its own."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from monai_covid.models.architectures import BLOCK_LAYERS
from tests.processes import Ended, WarmProcess, run_as_main


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


def run_module(module: str, *arguments: str | Path, cwd: Path) -> Ended:
    """Run ``python -m MODULE ARGUMENTS`` without a network; stderr is part of stdout."""
    return WarmProcess(
        _offline, dict(BLOCK_LAYERS), module, *map(str, arguments), folder=cwd
    ).finish()


def run_bundle(*arguments: str | Path, cwd: Path) -> Ended:
    """Run ``python -m monai.bundle ARGUMENTS`` without a network; stderr is part of stdout."""
    return run_module("monai.bundle", *arguments, cwd=cwd)


def _offline(layers: dict[str, tuple[int, ...]], module: str, *arguments: str) -> None:
    BLOCK_LAYERS.update(layers)  # the tests' own may be a tiny network
    for owner, name in FUNCTIONS:
        setattr(owner, name, refuse)
    sys.path.insert(0, "")
    run_as_main(module, *arguments)
