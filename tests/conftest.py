"""Fixtures that all tests share."""

import os
import shutil
import signal
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where the tests run in the background.

    A shell makes what it starts with ``&`` ignore SIGINT, and so do all that this starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real images: ``MONAI_COVID_DATA``, or ``shared/data`` beside the repository."""
    beside = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MONAI_COVID_DATA") or beside)
    if (folder / "covid" / "metadata.csv").is_file():
        return folder
    message = f"no real images in {folder}: set MONAI_COVID_DATA (see CONTRIBUTING.md)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def dciodvfy() -> str:
    """Path of the validator of dicom3tools."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        message = "dciodvfy is missing; Debian and Ubuntu: apt-get install dicom3tools"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return tool
