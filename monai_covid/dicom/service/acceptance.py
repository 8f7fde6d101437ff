"""Whether a received data set is whole, and whose it is.

Why a received instance is not accepted.
"""

from __future__ import annotations

import hashlib
import re
from io import SEEK_END, BytesIO
from typing import NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.uid import UID

from monai_covid.dicom.service.inflating import BoundedReads, InflatingReader, TooLargeError

OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
DUPLICATE = 0x0111
"""Statuses of C-STORE: DICOM PS3.4 B.2.3 and PS3.7 C.5.7."""


class RefusedError(Exception):
    """An instance is not accepted; the message says why and holds no patient data.

    Attributes:
        status: What the sender is told.
        kind: One word for counters.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Refuse with ``status`` because of ``message``."""
        super().__init__(message)
        self.status = status
        self.kind = kind


KEY_CHARACTERS = 24
"""Of a SHA-256 in hexadecimal: 96 bits, far from any chance of a collision."""

LARGEST_KEPT_VALUE = 65_536
"""Bytes of an element that is looked at; pixel data are only stepped over."""

_TAGS = {
    0x00080016: "SOPClassUID",
    0x00080018: "SOPInstanceUID",
    0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID",
    0x00100010: "PatientName",
    0x00100020: "PatientID",
    0x00100021: "IssuerOfPatientID",
    0x00100030: "PatientBirthDate",
}
_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_UID = re.compile(rb"[0-9.]{1,64}")


class Identity(NamedTuple):
    """What an instance is filed under, without patient data.

    Attributes:
        instance: Key of its SOP Instance UID.
        group: Key of its study *and* patient: a study UID that is used for two patients does not
            bring them together. Where there is no Patient ID, name and date of birth stand in.
    """

    instance: str
    group: str


def key_of(*parts: bytes | str) -> str:
    """Return a name for ``parts`` from which they cannot be read."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(4, "big") + content)
    return digest.hexdigest()[:KEY_CHARACTERS]


def identify(data: bytes, syntax: UID, sop_class: str, sop_instance: str, largest: int) -> Identity:
    """Check a data set as it came over the network and return its keys.

    Args:
        data: Encoded data set without file meta information.
        syntax: Its transfer syntax.
        sop_class: Affected SOP Class UID of the command.
        sop_instance: Affected SOP Instance UID of the command.
        largest: Bytes that a deflated data set may have when inflated.

    Raises:
        RefusedError: It cannot be parsed to its end, has no usable SOP, study and series UID or
            these differ from the command's.
    """
    stream = InflatingReader(data, largest) if syntax.is_deflated else BytesIO(data)
    found = _elements(BoundedReads(stream), syntax)
    unusable = [name for name in _UIDS if not _UID.fullmatch(found.get(name, b""))]
    if unusable:
        raise RefusedError(
            CANNOT_UNDERSTAND, "incomplete", f"no usable {' and no usable '.join(unusable)}"
        )
    for name, told in (("SOPClassUID", sop_class), ("SOPInstanceUID", sop_instance)):
        if found[name] != told.encode():
            raise RefusedError(MISMATCH, "mismatch", f"{name} of data set and command differ")
    patient = [found.get("PatientID", b""), found.get("IssuerOfPatientID", b"")]
    if not patient[0]:
        patient += [found.get("PatientName", b""), found.get("PatientBirthDate", b"")]
    return Identity(key_of(found["SOPInstanceUID"]), key_of(found["StudyInstanceUID"], *patient))


def _elements(stream: BoundedReads, syntax: UID) -> dict[str, bytes]:
    """Return the values of ``_TAGS``; the data must end where their last element does."""
    found: dict[str, bytes] = {}
    end = 0
    elements = data_element_generator(
        stream, syntax.is_implicit_VR, syntax.is_little_endian, defer_size=LARGEST_KEPT_VALUE
    )
    try:
        for element in elements:
            end = stream.tell()
            if not isinstance(element, RawDataElement):
                continue
            if element.length != 0xFFFFFFFF:
                end = element.value_tell + element.length
            if element.tag in _TAGS and isinstance(element.value, bytes):
                found[_TAGS[element.tag]] = element.value.strip(b"\0 ")
        size = stream.seek(0, SEEK_END)
    except TooLargeError as error:
        raise RefusedError(CANNOT_UNDERSTAND, "oversized", str(error)) from error
    # Damaged data make the parser fail in any way; whichever it is, the data are the cause.
    except Exception as error:
        raise _not_parsed(f"{type(error).__name__} after byte {end}") from error
    if end != size:
        raise _not_parsed(f"its elements end at byte {end} of {size}")
    return found


def _not_parsed(detail: str) -> RefusedError:
    return RefusedError(CANNOT_UNDERSTAND, "unparseable", f"cannot be parsed: {detail}")
