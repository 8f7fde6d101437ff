"""Fixtures that all tests share."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.missing import missing
from tests.models.tiny import tiny_densenet

REPOSITORY = Path(__file__).resolve().parents[1]

LONG = ("tests/lab", "tests/training", "tests/bundle", "tests/audits")
"""Rooms whose tests train networks, or audit whole collections."""


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where the tests run in the background.

    A shell makes what it starts with ``&`` ignore SIGINT, and so do all that this starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the rooms whose files take longest: no worker is left with one at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real images: ``MONAI_COVID_DATA``, or ``shared/data`` beside the repository."""
    beside = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MONAI_COVID_DATA") or beside)
    if not (folder / "covid" / "metadata.csv").is_file():
        missing(f"no real images in {folder}: set MONAI_COVID_DATA (see CONTRIBUTING.md)")
    return folder


@pytest.fixture
def dciodvfy() -> str:
    """Path of the validator of dicom3tools."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        missing("dciodvfy is missing; Debian and Ubuntu: apt-get install dicom3tools")
    return tool


@pytest.fixture(scope="module")
def tiny_network() -> Iterator[None]:
    """Give densenet121 one layer in each block, for all tests of a file."""
    with tiny_densenet():
        yield
