"""Sending results by STOW-RS."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import ProtocolError

from monai_covid.dicom.service.destinations import (
    Destination,
    Problem,
    UnreachableError,
)
from monai_covid.dicom.service.logs import log_event
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.service.stow_answers import UNREADABLE, Refused, refusal
from monai_covid.errors import OptionError

USER, PASSWORD, TOKEN = (
    "MONAI_COVID_STOW_USER",
    "MONAI_COVID_STOW_PASSWORD",
    "MONAI_COVID_STOW_TOKEN",
)
"""Environment variables with the credentials of all STOW-RS destinations."""

NOT_NOW = frozenset({401, 403, 404, 405, 407, 408, 429, 502, 503, 504})
"""HTTP statuses that say nothing of the instance."""

OF_A_KIND = frozenset({403, 408, 502, 503, 504})
"""Those of them that a proxy may answer to one kind of instance, or where the server breaks off."""


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
        session.hooks["response"].append(self._keep)
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
        self._response: requests.Response | None = None
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
            refused = self._send(dataset)
            if refused is None:
                stored(file)
            else:
                problems.append(Problem(file, dataset.SOPClassUID.name, *refused))
        return problems

    def _send(self, dataset: Dataset) -> Refused | None:
        """Send one instance; return why it was not stored, or None."""
        self._response = None
        try:
            self._client.store_instances([dataset])
        except requests.HTTPError:
            pass  # its answer is read below, as any other
        except requests.TooManyRedirects as error:
            raise UnreachableError("redirected elsewhere; give the final URL") from error
        except requests.ReadTimeout:
            return Refused(f"{dataset.SOPClassUID.name} was not answered in time")
        # An error of JSON is one of requests too.
        except UNREADABLE:
            pass
        # The message of a connection error may hold the URL and is long; its type says enough.
        except (requests.RequestException, OSError) as error:
            raise UnreachableError(
                f"no connection ({_cause(error)})", may_be_the_kind=_was_broken_off(error)
            ) from error
        return self._refusal(dataset, self._response)

    def _refusal(self, dataset: Dataset, response: requests.Response | None) -> Refused | None:
        if response is None:
            return Refused(f"{dataset.SOPClassUID.name} was not answered")
        status = response.status_code
        if status in NOT_NOW:
            raise UnreachableError(f"HTTP status {status}", may_be_the_kind=status in OF_A_KIND)
        return refusal(response, dataset)

    def _keep(self, response: requests.Response, *_: Any, **__: Any) -> None:
        # What dicomweb-client makes of it depends on the media type, and without one it fails.
        response.headers.setdefault("Content-Type", "")
        self._response = response


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


def _was_broken_off(error: Exception) -> bool:
    """Return whether a server took the request, and ended the connection instead of answering."""
    causes = [error, *error.args, error.__context__]
    return any(isinstance(cause, ProtocolError) for cause in causes)


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
