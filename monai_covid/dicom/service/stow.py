"""Sending results by STOW-RS."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom.status import STATUS_WARNING, code_to_category
from requests.auth import AuthBase, HTTPBasicAuth

from monai_covid.dicom.service.destinations import (
    ALREADY_STORED,
    Destination,
    Problem,
    UnreachableError,
    is_final,
)
from monai_covid.dicom.service.logs import log_event
from monai_covid.dicom.service.settings import Settings
from monai_covid.errors import OptionError

USER, PASSWORD, TOKEN = (
    "MONAI_COVID_STOW_USER",
    "MONAI_COVID_STOW_PASSWORD",
    "MONAI_COVID_STOW_TOKEN",
)
"""Environment variables with the credentials of all STOW-RS destinations."""

NEVER = frozenset({406, 415})
"""HTTP statuses of a server that does not take this kind of instance."""

TEXT_VR = ("LO", "LT", "SH", "ST", "UC", "UT")

NOT_NOW = frozenset({401, 403, 404, 405, 407, 408, 429, 502, 503, 504})
"""HTTP statuses that have nothing to do with the instance."""

UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, ParseError)
"""What parsers raise at an answer that is not what DICOM PS3.18, 10.5.3 asks for."""


class Refused(NamedTuple):
    """Why a server has not stored an instance, and whether it never will."""

    reason: str
    final: bool = False


class BearerToken(AuthBase):
    """Shows a token with every request (RFC 6750)."""

    def __init__(self, token: str) -> None:
        """Show ``token``."""
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class StowSender:
    """Sends to a DICOMweb server, each instance in a request of its own.

    An instance counts as stored only if the answer lists it as stored, or as failed because the
    server has it already (DICOM PS3.18, 10.5.3). A login page or an empty answer confirms nothing.
    Redirects are not followed, and proxies, certificates and passwords that the environment has for
    other programs are not used.
    """

    def __init__(self, destination: Destination, settings: Settings) -> None:
        """Send to ``destination``.

        Raises:
            OptionError: The credentials in the environment are incomplete.
        """
        session = requests.Session()
        # The variables for certificates would otherwise win over ``verify``.
        session.trust_env = False
        # After a redirect a POST becomes a GET, which succeeds without storing anything.
        session.max_redirects = 0
        session.headers["Accept"] = "application/dicom+json"
        session.hooks["response"].append(_without_parameters)
        session.auth = credentials(os.environ)
        if session.auth is not None and destination.scheme == "http":
            _warn_unless_loopback(destination)
        if settings.send_ca is not None:
            session.verify = str(settings.send_ca)
        if settings.tls_cert is not None:
            session.cert = (str(settings.tls_cert), str(settings.tls_key))
        self._client = DICOMwebClient(
            destination.url,
            session=session,
            timeout=(settings.acse_timeout, settings.dimse_timeout),
        )
        # Trying again is done with what is kept on disk, and without holding up a stop.
        self._client.set_http_retry_params(retry=False)

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``; see :class:`~.destinations.Sender`."""
        problems: list[Problem] = []
        for file in files:
            if stopping():
                break
            dataset = dcmread(file)
            refusal = self._send(dataset)
            if refusal is None:
                stored(file)
            else:
                problems.append(Problem(file, dataset.SOPClassUID.name, *refusal))
        return problems

    def _send(self, dataset: Dataset) -> Refused | None:
        """Send one instance; return why it was not stored, or None."""
        kind = dataset.SOPClassUID.name
        try:
            answer = self._client.store_instances([dataset])
        except requests.HTTPError as error:
            response = error.response
            status = 0 if response is None else response.status_code
            if response is None or status in NOT_NOW:
                raise UnreachableError(f"HTTP status {status}") from error
            answer = _answer_of(response)
            if not answer.get("FailedSOPSequence"):
                final = status in NEVER
                return Refused(f"{kind} was answered with HTTP status {status}", final)
        except requests.TooManyRedirects as error:
            raise UnreachableError("redirected elsewhere; give the final URL") from error
        except requests.ReadTimeout:
            return Refused(f"{kind} was not answered in time")
        # An error of JSON is one of requests too.
        except UNREADABLE:
            answer = Dataset()
        # The message of a connection error may hold the URL and is long; its type says enough.
        except (requests.RequestException, OSError) as error:
            raise UnreachableError(f"no connection ({_cause(error)})") from error
        return _problem(answer, dataset)


def credentials(environment: Mapping[str, str]) -> AuthBase | None:
    """Return what is shown to the servers: a token, a name with a password, or nothing.

    Raises:
        OptionError: Only one of name and password is set, or a token too.
    """
    user, password, token = (environment.get(name) for name in (USER, PASSWORD, TOKEN))
    if (user is None) != (password is None):
        raise OptionError(f"{USER} and {PASSWORD} must be set together")
    if token is not None and user is not None:
        raise OptionError(f"{TOKEN} and {USER} are both set; give one of them")
    if token is not None:
        return BearerToken(token)
    return HTTPBasicAuth(user, password) if user is not None and password is not None else None


def _cause(error: Exception) -> str:
    """Return what ended a connection: for certificates why, else the kind of error."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"certificate not accepted: {reason.verify_message}"
        inner = next(
            (argument for argument in reason.args if isinstance(argument, BaseException)), None
        )
        reason = getattr(reason, "reason", None) or inner or reason.__cause__ or reason.__context__
        if not isinstance(reason, BaseException):
            break
    return type(error).__name__


def _problem(answer: Dataset, sent: Dataset) -> Refused | None:
    """Return why ``sent`` does not count as stored, or None."""
    kind = sent.SOPClassUID.name
    failed = list(answer.get("FailedSOPSequence") or [])
    if failed:
        reason = failed[0].get("FailureReason")
        if not isinstance(reason, int):
            return Refused(f"{kind} was answered with failure reason unknown")
        if _is_there_already(failed[0], reason):
            return None
        text = f"{kind} was answered with failure reason 0x{reason:04X}"
        return Refused(text, is_final(reason))
    stored = [
        str(item.get("ReferencedSOPInstanceUID"))
        for item in answer.get("ReferencedSOPSequence") or []
    ]
    if str(sent.SOPInstanceUID) not in stored:
        return Refused(f"{kind} was not confirmed: the answer does not list it as stored")
    return None


def _is_there_already(item: Dataset, reason: int) -> bool:
    """Return whether a failure says that the server has the instance.

    Servers say so by Duplicate SOP Instance, by a warning of C-STORE (Bxxx), or by a general
    failure with a text.
    """
    if reason == ALREADY_STORED or code_to_category(reason) == STATUS_WARNING:
        return True
    texts = (str(element.value) for element in item if element.VR in TEXT_VR)
    return any("already exist" in text.casefold() for text in texts)


def _without_parameters(response: requests.Response, *_: Any, **__: Any) -> requests.Response:
    """Reduce the media type to its name; dicomweb-client reads no answer that has parameters."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    response.headers["Content-Type"] = kind.strip().lower()
    return response


def _warn_unless_loopback(destination: Destination) -> None:
    try:
        near = ip_address(destination.host).is_loopback
    except ValueError:
        near = destination.host == "localhost"
    if not near:
        log_event(
            "credentials without TLS",
            logging.WARNING,
            destination=destination.url,
            advice="https://",
        )


def _answer_of(response: requests.Response) -> Dataset:
    """Return what a failure says of the instance; empty if it says nothing that can be read."""
    try:
        content = response.json()
        return Dataset.from_json(content[0] if isinstance(content, list) else content)
    except UNREADABLE:
        return Dataset()
