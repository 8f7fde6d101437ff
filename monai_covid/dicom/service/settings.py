"""What can be set of the service, and which values are usable."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_type_hints

from monai_covid.dicom.service.commitment_scps import titles_of
from monai_covid.errors import OptionError

LOG_FORMATS = ("json", "text")

_AE_TITLE = re.compile(r"(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the service; each is an option of the command line and a key of the YAML file.

    Raises:
        OptionError: A value cannot be used; the message lists all that are wrong.
    """

    spool: Annotated[Path, "folder that keeps what was received until its results are delivered"]
    send_to: Annotated[
        tuple[str, ...],
        "where results go: dicom://AET@host:port, dicoms://AET@host:port (TLS) or "
        "http(s)://host:port/dicom-web (STOW-RS); once for each destination",
    ]
    ae_title: Annotated[str, "own AE title"] = "MONAI_COVID"
    host: Annotated[str, "address to listen on; 0.0.0.0: all of them"] = "127.0.0.1"
    port: Annotated[int, "port to listen on; 0: any free one"] = 11112
    allow: Annotated[tuple[str, ...], "AE title that may send; repeat it; none: any"] = ()
    require_called_ae: Annotated[bool, "refuse associations that call another AE title"] = False
    tls_cert: Annotated[Path | None, "own certificate (PEM); received with TLS only"] = None
    tls_key: Annotated[Path | None, "private key of --tls-cert (PEM)"] = None
    tls_ca: Annotated[Path | None, "senders must show a certificate of this authority (PEM)"] = None
    max_associations: Annotated[int, "associations at once"] = 10
    network_timeout: Annotated[float, "seconds without a byte before a connection ends"] = 60.0
    acse_timeout: Annotated[float, "seconds to wait for the opening of an association"] = 30.0
    dimse_timeout: Annotated[float, "seconds to wait for the answer to a sent result"] = 60.0
    max_instance_mb: Annotated[float, "larger instances are refused"] = 320.0
    reserve_mb: Annotated[float, "free disk space below which nothing more is accepted"] = 200.0
    quiet_time: Annotated[float, "seconds after a study's last image until it is processed"] = 10.0
    attempts: Annotated[int, "how often processing is tried before a study is quarantined"] = 3
    retry_delay: Annotated[float, "seconds between these attempts"] = 10.0
    send_ca: Annotated[Path | None, "authority of the destinations' certificates (PEM)"] = None
    send_retry: Annotated[float, "seconds until sending is tried again; doubled each time"] = 1.0
    send_retry_most: Annotated[
        float,
        "the most seconds between two tries, which have no end while a destination is away",
    ] = 300.0
    send_attempts: Annotated[
        int,
        "refusals of a result until it is put into SPOOL/undelivered; mv it to SPOOL/sending to "
        "try again",
    ] = 20
    trust_photometric: Annotated[
        bool,
        "take MONOCHROME2 with Presentation LUT Shape INVERSE for MONOCHROME2, for devices that "
        "always write both; otherwise it is refused",
    ] = False
    storage_commitment: Annotated[
        tuple[str, ...],
        "AE title of a --send-to that is asked for Storage Commitment of what it stored; where "
        "another is asked, AET@host:port, or AET=AET@host:port of one of several; repeat it",
    ] = ()
    commitment_wait: Annotated[
        float, "seconds without a commitment until a result counts as stored, not committed"
    ] = 3600.0
    keep_quarantine_days: Annotated[float, "days until quarantined and undelivered studies go"] = (
        30.0
    )
    keep_done_days: Annotated[float, "days until records of finished studies are deleted"] = 30.0
    keep_done: Annotated[int, "records of finished studies to keep at most"] = 10_000
    status_host: Annotated[str, "address of the status pages"] = "127.0.0.1"
    status_port: Annotated[int, "port of /status, /metrics, /health and /ready; 0: none"] = 0
    stop_wait: Annotated[float, "seconds that a study being processed is given at the end"] = 60.0
    log_format: Annotated[str, "json or text; always on standard error"] = "json"

    def __post_init__(self) -> None:
        """Check all values together."""
        problems = [*_numbers(self), *_titles(self), *_files(self)]
        if not self.send_to:
            problems.append("--send-to is missing; results need at least one destination")
        if self.log_format not in LOG_FORMATS:
            problems.append(f"--log-format is {self.log_format!r}; it must be json or text")
        if problems:
            raise OptionError("; ".join(problems))


def help_of(name: str) -> str:
    """Return what the setting ``name`` is."""
    kind = get_type_hints(Settings, include_extras=True)[name]
    return str(kind.__metadata__[0])


def option_of(name: str) -> str:
    """Return the command line option of the setting ``name``."""
    return f"--{name.replace('_', '-')}"


def _numbers(settings: Settings) -> list[str]:
    least = {
        "quiet_time": 0.0,
        "reserve_mb": 0.0,
        "retry_delay": 0.0,
        "stop_wait": 0.0,
        "keep_quarantine_days": 0.0,
        "keep_done_days": 0.0,
        "keep_done": 0,
        "max_associations": 1,
        "attempts": 1,
        "send_attempts": 1,
    }
    problems = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if field.name in ("port", "status_port"):
            if not 0 <= value <= 65535:
                problems.append(f"{option_of(field.name)} is {value}; it must be from 0 to 65535")
        elif field.name in least:
            if not least[field.name] <= value < float("inf"):
                problems.append(
                    f"{option_of(field.name)} is {value}; it must be at least {least[field.name]:g}"
                )
        elif not 0 < value < float("inf"):
            problems.append(f"{option_of(field.name)} is {value}; it must be above 0")
    return problems


def _titles(settings: Settings) -> list[str]:
    titles = [
        ("--ae-title", settings.ae_title),
        *(("--allow", title) for title in settings.allow),
        *(("--storage-commitment", title) for title in titles_of(settings.storage_commitment)),
    ]
    return [
        f"{option} is {title!r}; an AE title has 1 to 16 ASCII characters without backslash"
        for option, title in titles
        if not _AE_TITLE.fullmatch(title)
    ]


def _files(settings: Settings) -> list[str]:
    problems = []
    for name in ("tls_cert", "tls_key", "tls_ca", "send_ca"):
        file = getattr(settings, name)
        if file is not None and not file.is_file():
            problems.append(f"{option_of(name)} is {file}, which is not a file")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        problems.append("--tls-cert and --tls-key must be given together")
    if settings.tls_ca is not None and settings.tls_cert is None:
        problems.append("--tls-ca needs --tls-cert and --tls-key")
    return problems
