"""Programs of Debian packages that the tests run."""

from pathlib import Path
from types import MappingProxyType

from tests.missing import missing

# By path, since pynetdicom brings programs of the same names into the virtual environment.
PROGRAMS = MappingProxyType(
    {
        "Orthanc": ("orthanc", Path("/usr/sbin/Orthanc")),
        "libOrthancDicomWeb.so": (
            "orthanc-dicomweb",
            Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
        ),
        "libOrthancGdcm.so": ("orthanc-gdcm", Path("/usr/share/orthanc/plugins/libOrthancGdcm.so")),
        "storescu": ("dcmtk", Path("/usr/bin/storescu")),
        "echoscu": ("dcmtk", Path("/usr/bin/echoscu")),
        "dsrdump": ("dcmtk", Path("/usr/bin/dsrdump")),
        "dciodvfy": ("dicom3tools", Path("/usr/bin/dciodvfy")),
    }
)
"""Debian package and place of each."""


def program(name: str) -> str:
    """Path of a program of ``PROGRAMS``."""
    return str(PROGRAMS[name][1])


def require_programs() -> None:
    """Skip, or fail in CI, unless all programs are there."""
    packages = sorted({package for package, path in PROGRAMS.values() if not path.exists()})
    if packages:
        missing(
            f"missing Debian packages: 'make test-pacs' or 'apt-get install {' '.join(packages)}'"
        )
