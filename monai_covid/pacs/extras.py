"""Packages that only the service needs."""

from __future__ import annotations

from importlib.util import find_spec

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
