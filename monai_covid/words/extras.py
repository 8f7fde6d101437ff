"""Packages that only the search for text needs."""

from __future__ import annotations

from importlib.util import find_spec

from monai_covid.errors import OptionError

READER = "rapidocr_onnxruntime"
NEEDED = ("onnxruntime", "cv2", "pyclipper", "shapely", "six")


HOW_TO_INSTALL = "pip install 'monai-covid[audit]', then pip install --no-deps rapidocr-onnxruntime"


def missing_packages() -> list[str]:
    """Return the modules that are not installed."""
    return [name for name in (READER, *NEEDED) if find_spec(name) is None]


def check_text_extra() -> None:
    """Make sure that what reads text is installed.

    The reader asks for OpenCV with windows, which does not start on machines without a display
    (libGL is missing there). It works as well with ``opencv-python-headless``, which the extra
    ``audit`` brings; so the reader itself is installed without what it asks for.

    Raises:
        OptionError: If something is missing; the message says how to install it.
    """
    missing = missing_packages()
    if missing:
        raise OptionError(f"reading text needs {', '.join(missing)}: {HOW_TO_INSTALL}")
