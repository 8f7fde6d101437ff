"""dcmtk's programs as the devices that talk to the servers."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom.orthanc.programs import program
from tests.dicom.orthanc.server import HOST

PROPOSED = MappingProxyType(
    {
        ExplicitVRLittleEndian: "-xe",
        ExplicitVRBigEndian: "-xb",
        ImplicitVRLittleEndian: "-xi",
        DeflatedExplicitVRLittleEndian: "-xd",
        JPEGBaseline8Bit: "-xy",
        JPEGLosslessSV1: "-xs",
        JPEGLSLossless: "-xt",
        JPEG2000Lossless: "-xv",
        RLELossless: "-xr",
    }
)
"""storescu's option for each transfer syntax."""

MODALITY = "MODALITY"
"""AE title of the sender."""

TIMEOUT = 120
"""Seconds that a program may take."""


def store(
    files: Sequence[Path], port: int, called: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Send files of one transfer syntax over one association; ``called`` is the AE title."""
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    syntaxes = {header.file_meta.TransferSyntaxUID for header in headers}
    assert len(syntaxes) == 1, f"one transfer syntax an association, got {syntaxes}"
    return _run(store_command(files, port, called, PROPOSED[syntaxes.pop()], *more))


def store_command(files: Sequence[Path], port: int, called: str, *options: str) -> list[str]:
    """Command line of storescu."""
    addresses = ["-aet", MODALITY, "-aec", called, HOST, str(port)]
    return [program("storescu"), *options, *addresses, *map(str, files)]


def stored(files: Sequence[Path], port: int, called: str, *more: str) -> None:
    """Send files, all of which must be accepted."""
    done = store(files, port, called, *more)
    assert done.returncode == 0, done.stdout


def echoes(port: int, called: str) -> bool:
    """Whether C-ECHO is answered with success."""
    options = ["-aet", MODALITY, "-aec", called, "-to", "10", "-ta", "10", "-td", "10"]
    return _run([program("echoscu"), *options, HOST, str(port)]).returncode == 0


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
