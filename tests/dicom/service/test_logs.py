"""Logs are structured and hold no patient data."""

import io
import json
import logging
import threading
import warnings

from monai_covid.dicom.service.logs import log_event, service_logging


def lines(act, kind="json"):
    stream = io.StringIO()
    with service_logging(kind, stream):
        act()
    return stream.getvalue().splitlines()


def test_an_event_is_one_line_of_json():
    (line,) = lines(lambda: log_event("study processed", job="x", results=3, refused=["a", "b"]))
    content = json.loads(line)
    assert content.pop("time").endswith("+00:00")
    assert content == {
        "level": "info",
        "event": "study processed",
        "job": "x",
        "results": 3,
        "refused": ["a", "b"],
    }


def test_or_of_text():
    (line,) = lines(lambda: log_event("stopped", logging.ERROR, reason="a\nb"), "text")
    assert line.endswith(r"error stopped reason='a\nb'")


def secret():
    raise ValueError("SECRET^PERSON")


def test_of_libraries_only_the_place_is_told():
    def act():
        logger = logging.getLogger("pynetdicom.dimse")
        logger.debug("SECRET")
        logger.info("SECRET")
        logger.error("SECRET %s", "PERSON")
        try:
            secret()
        except ValueError as error:
            logger.exception(error)
        warnings.warn("Invalid value SECRET^PERSON", UserWarning, stacklevel=1)

    told = lines(act)
    assert not any("SECRET" in line for line in told)
    assert [json.loads(line)["library"] for line in told] == [
        "pynetdicom.dimse",
        "pynetdicom.dimse",
        "py.warnings",
    ]
    assert json.loads(told[1])["error"].startswith("ValueError in test_logs.py:")


def test_errors_of_threads_are_logged_without_their_text():
    def act():
        thread = threading.Thread(target=secret)
        thread.start()
        thread.join()

    (line,) = lines(act)
    assert "SECRET" not in line
    assert json.loads(line)["error"].startswith("ValueError in test_logs.py:")


def test_afterwards_logging_is_as_before():
    root = logging.getLogger()
    before = root.handlers[:], root.level, threading.excepthook, warnings.showwarning
    lines(lambda: None)
    assert (root.handlers, root.level, threading.excepthook, warnings.showwarning) == before
