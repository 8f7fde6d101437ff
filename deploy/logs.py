"""Logs without patient data, although libraries log values of data sets."""

from __future__ import annotations

import logging

from holoscan.logger import LogLevel, set_log_level

OWN_LOGGER = "monai_covid"
LEFT_OUT = "message left out, because it may hold patient data"


def keep_patient_data_out(level: str | None) -> None:
    """Let only this package's messages through to the handlers that the SDK has set up.

    Of other libraries the fact remains that they warned, and where. The SDK's series selector and
    highdicom log attributes and UIDs, warnings of pydicom show values.

    Args:
        level: Of this package's messages; None: INFO.
    """
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in root.handlers:
        handler.addFilter(_without_values)
    logging.getLogger(OWN_LOGGER).setLevel(level or "INFO")
    silence_holoscan()


def silence_holoscan() -> None:
    """Keep holoscan's own log to what is critical; HOLOSCAN_LOG_LEVEL overrides it.

    It writes the message of an error that an operator raises. The graph raises it again anyway.
    """
    set_log_level(LogLevel.CRITICAL)


def _without_values(record: logging.LogRecord) -> bool:
    if record.name.split(".")[0] == OWN_LOGGER:
        return True
    record.msg, record.args, record.exc_info = f"{LEFT_OUT} ({record.module})", None, None
    return record.levelno >= logging.WARNING
