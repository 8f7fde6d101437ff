"""Fixtures that all tests share."""

import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real images: ``MONAI_COVID_DATA``, or ``shared/data`` beside the repository."""
    beside = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MONAI_COVID_DATA") or beside)
    if (folder / "covid" / "metadata.csv").is_file():
        return folder
    message = f"no real images in {folder}: set MONAI_COVID_DATA (see docs/how-to/real-data.md)"
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
