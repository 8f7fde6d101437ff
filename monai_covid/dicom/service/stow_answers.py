"""What the answer of a DICOMweb server says of the one instance that was sent (PS3.18, 10.5.3)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError, fromstring

import requests
from pydicom.dataset import Dataset
from pynetdicom.status import STATUS_WARNING, code_to_category

from monai_covid.dicom.service.destinations import ALREADY_STORED, is_final

NEVER = frozenset({406, 415})
"""HTTP statuses of a server that does not take this kind of instance."""

TEXT_VR = ("LO", "LT", "SH", "ST", "UC", "UT")
_CONFLICT = 409
_ALREADY = "already exist"
_FAILED, _STORED = "00081198", "00081199"
_NUMBERS = ("US", "UL", "SS", "SL")

UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, ParseError)
"""What parsers raise at an answer that is not what the standard asks for."""


class Refused(NamedTuple):
    """Why a server has not stored an instance, and whether it never will."""

    reason: str
    final: bool = False


def refusal(response: requests.Response, sent: Dataset) -> Refused | None:
    """Return why ``sent`` does not count as stored, or None.

    Args:
        response: Of whatever status. Its media type is not looked at, because servers leave it out
            or state another.
        sent: The only instance of the request.
    """
    kind = sent.SOPClassUID.name
    answer = _answer_of(response)
    if answer.get("FailedSOPSequence"):
        return _failure(answer.FailedSOPSequence[0], kind)
    if not response.ok:
        if response.status_code == _CONFLICT and _ALREADY in response.text.casefold():
            return None
        status = response.status_code
        return Refused(f"{kind} was answered with HTTP status {status}", status in NEVER)
    stored = [
        str(item.get("ReferencedSOPInstanceUID"))
        for item in answer.get("ReferencedSOPSequence") or []
    ]
    if str(sent.SOPInstanceUID) not in stored:
        return Refused(f"{kind} was not confirmed: the answer does not list it as stored")
    return None


def _failure(item: Dataset, kind: str) -> Refused | None:
    reason = item.get("FailureReason")
    if not isinstance(reason, int):
        return Refused(f"{kind} was answered with failure reason unknown")
    if _is_there_already(item, reason):
        return None
    return Refused(f"{kind} was answered with failure reason 0x{reason:04X}", is_final(reason))


def _is_there_already(item: Dataset, reason: int) -> bool:
    """Return whether a failure says that the server has the instance.

    Servers say so by Duplicate SOP Instance, by a warning of C-STORE (Bxxx), or by a general
    failure with a text.
    """
    if reason == ALREADY_STORED or code_to_category(reason) == STATUS_WARNING:
        return True
    texts = (str(element.value) for element in item if element.VR in TEXT_VR)
    return any(_ALREADY in text.casefold() for text in texts)


def _answer_of(response: requests.Response) -> Dataset:
    """Return what is said of the instance; empty if nothing that can be read is."""
    try:
        content = response.content.removeprefix(b"\xef\xbb\xbf").lstrip()
        is_xml = content.startswith(b"<")
        answer = _of_xml(fromstring(content)) if is_xml else json.loads(content)
        answer = answer[0] if isinstance(answer, list) else answer
        needed = {tag: answer[tag] for tag in (_FAILED, _STORED) if tag in answer}
        return Dataset.from_json(needed)
    except UNREADABLE:
        return Dataset()


def _of_xml(parent: Element) -> dict[str, Any]:
    """Return the attributes of a Native DICOM Model (PS3.19, A.1) as in DICOM JSON."""
    return {
        str(element.get("tag")): {"vr": element.get("vr"), "Value": _values(element)}
        for element in parent.findall("{*}DicomAttribute")
    }


def _values(element: Element) -> list[Any]:
    texts = [value.text or "" for value in element.findall("{*}Value")]
    numbers = [int(text) for text in texts] if element.get("vr") in _NUMBERS else texts
    return [*map(_of_xml, element.findall("{*}Item")), *numbers]
