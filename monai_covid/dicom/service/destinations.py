"""Where results are sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from monai_covid.dicom.service.acceptance import key_of
from monai_covid.dicom.service.commitment_scps import CommitmentScp, parse_scp
from monai_covid.errors import OptionError

ACCEPTED_FORMS = "dicom://AET@host:port, dicoms://AET@host:port or http(s)://host:port/path"

ALREADY_STORED = 0x0111
"""Duplicate SOP Instance: the destination has the instance from an earlier try."""

SOP_CLASS_NOT_SUPPORTED = 0x0122


def is_final(status: int) -> bool:
    """Return whether a failure says that the destination does not take this kind of instance.

    Args:
        status: Of C-STORE (DICOM PS3.4, B.2.3), or failure reason of STOW-RS (PS3.18, I.2.2).
            "Cannot understand" (Cxxx) is not final: archives answer it for passing troubles too.
    """
    return status == SOP_CLASS_NOT_SUPPORTED or 0xA900 <= status <= 0xA9FF


class UnreachableError(Exception):
    """A destination cannot be talked to; the message says why, without patient data.

    Attributes:
        may_be_the_kind: Whether it may be what was sent that the destination does not bear.
    """

    def __init__(self, reason: str, may_be_the_kind: bool = False) -> None:
        """Say ``reason``."""
        super().__init__(reason)
        self.may_be_the_kind = may_be_the_kind


class RejectedError(UnreachableError):
    """A destination is there and rejects the association."""


class UnclearError(UnreachableError):
    """Either a destination is away, or it does not bear the kinds that were sent."""


class Problem(NamedTuple):
    """Why a destination has not stored a result.

    Attributes:
        file: The result.
        kind: Name of its SOP class.
        reason: Why, without patient data.
        final: Whether another try would end the same way: the destination does not take this kind.
    """

    file: Path
    kind: str
    reason: str
    final: bool = False


class Sender(Protocol):
    """Sends instances to one destination."""

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``.

        Args:
            files: DICOM files.
            stored: Called for each as soon as the destination has stored it.
            stopping: Whether the rest is to be left for another time.

        Returns:
            What was not stored, and why.

        Raises:
            UnreachableError: Nothing (more) can be sent now.
        """


class Destination(NamedTuple):
    """A destination as given by its URL.

    Attributes:
        url: As given; it holds no credentials.
        scheme: dicom, dicoms, http or https.
        host: Name or address.
        port: TCP port.
        ae_title: Called AE title; empty for STOW-RS.
    """

    url: str
    scheme: str
    host: str
    port: int
    ae_title: str

    @property
    def key(self) -> str:
        """Return what the destination is remembered by on disk."""
        return key_of(self.url)

    @property
    def is_web(self) -> bool:
        """Return whether results go by STOW-RS."""
        return self.scheme in ("http", "https")


def parse_destination(url: str) -> Destination:
    """Return the destination of ``url``.

    Raises:
        OptionError: The URL has another form. Its user part is not repeated: it may be a password.
    """
    shown = _without_secrets(url)
    try:
        parts = urlsplit(url.rstrip("/"))
        port = parts.port
    except ValueError as error:
        raise OptionError(f"--send-to is {shown}: {error}; it must be {ACCEPTED_FORMS}") from error
    web = parts.scheme in ("http", "https")
    if web and (parts.username or parts.password):
        raise OptionError(
            f"--send-to is {shown}; credentials belong in the environment variables "
            "MONAI_COVID_STOW_USER and MONAI_COVID_STOW_PASSWORD or MONAI_COVID_STOW_TOKEN"
        )
    title = parts.username or ""
    usable = bool(parts.hostname) and not parts.query and not parts.fragment
    if web:
        port = port or (443 if parts.scheme == "https" else 80)
    elif parts.scheme in ("dicom", "dicoms"):
        usable &= 1 <= len(title) <= 16 and not (parts.path or parts.password)
    else:
        usable = False
    if not usable or not parts.hostname or not port:
        raise OptionError(f"--send-to is {shown}; it must be {ACCEPTED_FORMS}")
    return Destination(parts.geturl(), parts.scheme, parts.hostname, port, title)


def _without_secrets(url: str) -> str:
    """Return ``url`` without what may be a password or a token."""
    user = r"//[^/]*@" if url.startswith("http") else r"//[^/]*:[^/]*@"
    return re.sub(r"([?#]).*", r"\1…", re.sub(user, "//…@", url))


def parse_destinations(urls: Sequence[str]) -> list[Destination]:
    """Return the destinations of ``urls``.

    Raises:
        OptionError: One has another form, or two are the same.
    """
    destinations = [parse_destination(url) for url in urls]
    seen: set[str] = set()
    for destination in destinations:
        if destination.url in seen:
            raise OptionError(
                f"--send-to is {destination.url} twice; each destination is given once"
            )
        seen.add(destination.url)
    return destinations


def committing(
    destinations: Sequence[Destination], given: Sequence[str]
) -> dict[Destination, Destination]:
    """Return who is asked for Storage Commitment of what which of ``destinations`` stored.

    Args:
        destinations: All of them.
        given: What ``--storage-commitment`` says; see `parse_scp`.

    Raises:
        OptionError: A title is that of no destination, or it is not clear which one is meant.
    """
    archives = [one for one in destinations if not one.is_web]
    asked: dict[Destination, Destination] = {}
    for text in given:
        scp = parse_scp(text)
        stored = [one for one in archives if scp.of in ("", one.ae_title)]
        if not stored:
            possible = ", ".join(sorted({one.ae_title for one in archives})) or "there is none"
            raise OptionError(
                f"--storage-commitment is {text}; it must be the AE title of a dicom:// or "
                f"dicoms:// destination of --send-to ({possible})"
            )
        if not scp.of and len(stored) > 1:
            possible = " or ".join(f"{one.ae_title}={text}" for one in stored)
            raise OptionError(f"--storage-commitment is {text}; say of what: {possible}")
        if scp.port > 65535:
            raise OptionError(f"--storage-commitment is {text}; a port is at most 65535")
        asked |= {one: _asked_of(one, scp) for one in stored}
    return asked


def _asked_of(destination: Destination, scp: CommitmentScp) -> Destination:
    if not scp.host:
        return destination
    host = f"[{scp.host}]" if ":" in scp.host else scp.host
    url = f"{destination.scheme}://{scp.title}@{host}:{scp.port}"
    return Destination(url, destination.scheme, scp.host, scp.port, scp.title)
