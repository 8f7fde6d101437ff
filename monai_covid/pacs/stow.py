"""Sending results by STOW-RS."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from requests.auth import AuthBase, HTTPBasicAuth

from monai_covid.errors import OptionError
from monai_covid.pacs.destinations import ALREADY_STORED, Destination, UnreachableError
from monai_covid.pacs.settings import Settings

USER, PASSWORD, TOKEN = (
    "MONAI_COVID_STOW_USER",
    "MONAI_COVID_STOW_PASSWORD",
    "MONAI_COVID_STOW_TOKEN",
)
"""Environment variables with the credentials of all STOW-RS destinations."""

NOT_NOW = frozenset({401, 403, 404, 405, 407, 408, 429, 502, 503, 504})
"""HTTP statuses that have nothing to do with the instance."""


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

    An instance counts as stored if the answer does not list it as failed, or lists it because the
    server has it already (DICOM PS3.18, 10.5).
    """

    def __init__(self, destination: Destination, settings: Settings) -> None:
        """Send to ``destination``.

        Raises:
            OptionError: The credentials in the environment are incomplete.
        """
        session = requests.Session()
        session.auth = credentials(os.environ)
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
    ) -> list[str]:
        """Send ``files``; see :class:`~.destinations.Sender`."""
        problems = []
        for file in files:
            if stopping():
                break
            problem = self._send(dcmread(file))
            if problem is None:
                stored(file)
            else:
                problems.append(problem)
        return problems

    def _send(self, dataset: Dataset) -> str | None:
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
                return f"{kind} was answered with HTTP status {status}"
        except requests.ReadTimeout:
            return f"{kind} was not answered in time"
        # The message of a connection error may hold the URL and is long; its type says enough.
        except (requests.RequestException, OSError) as error:
            raise UnreachableError(f"no connection ({type(error).__name__})") from error
        failed = [int(one.get("FailureReason", 0)) for one in answer.get("FailedSOPSequence", [])]
        if failed and failed[0] != ALREADY_STORED:
            return f"{kind} was answered with failure reason 0x{failed[0]:04X}"
        return None


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


def _answer_of(response: requests.Response) -> Dataset:
    """Return what a failure says of the instance; empty if it says nothing that can be read."""
    try:
        content = response.json()
        return Dataset.from_json(content[0] if isinstance(content, list) else content)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return Dataset()
