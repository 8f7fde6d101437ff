"""TLS in both directions (DICOM PS3.15, B.9 to B.12: TLS 1.2 or later)."""

from __future__ import annotations

import ssl
from pathlib import Path

from monai_covid.dicom.service.settings import Settings
from monai_covid.errors import OptionError


def receiving_context(settings: Settings) -> ssl.SSLContext | None:
    """Return how associations are received; None without TLS.

    Raises:
        OptionError: A file is not usable.
    """
    if settings.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _identify(context, settings.tls_cert, settings.tls_key)
    if settings.tls_ca is not None:
        _trust(context, settings.tls_ca, "--tls-ca")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def sending_context(settings: Settings) -> ssl.SSLContext:
    """Return how destinations are talked to: theirs is checked, ours is shown if there is one.

    Raises:
        OptionError: A file is not usable.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.send_ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _trust(context, settings.send_ca, "--send-ca")
    if settings.tls_cert is not None:
        _identify(context, settings.tls_cert, settings.tls_key)
    return context


def _identify(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"--tls-cert is {certificate} and --tls-key is {key}, which cannot be used ({error}); "
            "they must be a certificate and its private key without a password, as PEM"
        ) from error


def _no_password() -> str:
    """Keep OpenSSL from asking for a password on the terminal."""
    raise ValueError("the key has a password")


def _trust(context: ssl.SSLContext, file: Path, option: str) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise OptionError(
            f"{option} is {file}, which cannot be used ({error}); it must be a certificate as PEM"
        ) from error
