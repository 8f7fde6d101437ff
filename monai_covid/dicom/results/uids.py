"""UIDs that depend on nothing but what a result was made from."""

from __future__ import annotations

import uuid

from pydicom.uid import UID

_NAMESPACE = uuid.UUID("6f1c6b5e-2f6d-5d59-9a52-0d5e6a2d0c2f")


def derived_uid(role: str, *sources: str) -> UID:
    """Return the UID of what plays ``role`` for ``sources``: always the same for the same.

    Args:
        role: What is identified, such as ``series report``.
        sources: What it was made from.

    Returns:
        UID below 2.25 (DICOM PS3.5 B.2), made from a UUID of version 5.
    """
    name = "\x1f".join((role, *sources))
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, name).int}")
