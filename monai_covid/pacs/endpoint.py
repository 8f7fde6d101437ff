"""The status pages over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_LATEST

from monai_covid.errors import OptionError

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

WAIT_FOR_REQUEST = 10.0
"""Seconds that a caller is given to send its request."""


class Endpoint:
    """Serves ``/status``, ``/metrics``, ``/health`` and ``/ready``."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        status: Callable[[], Mapping[str, Any]],
        metrics: Callable[[], bytes],
        ready: Callable[[], bool],
    ) -> None:
        """Listen on ``host`` and ``port`` and answer with what the functions return.

        Raises:
            OptionError: The address cannot be used.
        """

        def page(path: str) -> tuple[HTTPStatus, str, bytes]:
            if path == "/status":
                return HTTPStatus.OK, JSON, json.dumps(status(), indent=1).encode() + b"\n"
            if path == "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, metrics()
            if path == "/health":
                return HTTPStatus.OK, TEXT, b"alive\n"
            if path == "/ready":
                if ready():
                    return HTTPStatus.OK, TEXT, b"ready\n"
                return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, b"not ready\n"
            return HTTPStatus.NOT_FOUND, TEXT, b"/status, /metrics, /health or /ready\n"

        class Handler(_Pages):
            answer = staticmethod(page)

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise OptionError(
                f"--status-host is {host} and --status-port is {port}, which cannot be listened on "
                f"({error.strerror}); give an address of this machine and a free port"
            ) from error
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=[0.1], name="status", daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Pages(BaseHTTPRequestHandler):
    timeout = WAIT_FOR_REQUEST
    answer: Callable[[str], tuple[HTTPStatus, str, bytes]]

    def do_GET(self) -> None:
        """Answer a request."""
        status, kind, content = self.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Leave requests out of the log: monitoring asks every few seconds."""
