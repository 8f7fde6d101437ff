"""A DICOMweb server that stores instances."""

from __future__ import annotations

import io
import json
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.dicom.service.certificates import Pair


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        # A client that does not trust the certificate ends the connection, as it should.
        if not isinstance(sys.exception(), ssl.SSLError):
            super().handle_error(request, client_address)


class StowServer:
    """Answers as told.

    Attributes:
        stored: SOP Instance UIDs.
        headers: Headers of each request.
        answer: Makes status and failure reason (None: stored) of an instance's UID.
        content_type: Media type of the answers.
        body: What is answered in place of what DICOM asks for.
        location: Where answers redirect to.
        breaks_off: Whether the connection ends at an instance instead of an answer.
        gets: How often something was asked for instead of stored.
    """

    def __init__(self, pair: Pair | None = None, port: int = 0) -> None:
        """Listen, with TLS if given a certificate; on any free port unless told."""
        self.stored: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str], tuple[int, int | None]] = lambda uid: (200, None)
        self.content_type = "application/dicom+json"
        self.body: bytes | None = None
        self.location: str | None = None
        self.breaks_off: Callable[[Dataset], bool] = lambda dataset: False
        self.gets = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.handle(self)

            def do_GET(self) -> None:
                outer.gets += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._scheme = "https" if pair else "http"
        self._server = _Server(("127.0.0.1", port), Handler)
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where the service sends to."""
        return f"{self._scheme}://127.0.0.1:{self.port}/dicom-web"

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Store the only part of a multipart request (PS3.18, 10.5)."""
        self.headers.append(dict(request.headers))
        dataset = dcmread(io.BytesIO(part_of(request)))
        uid = str(dataset.SOPInstanceUID)
        if self.breaks_off(dataset):
            request.close_connection = True
            return
        status, reason = self.answer(uid)
        if status < 300 and reason is None:
            self.stored.append(uid)
        body = stow_answer(uid, reason) if self.body is None else self.body
        request.send_response(status)
        if self.content_type:
            request.send_header("Content-Type", self.content_type)
        if self.location is not None:
            request.send_header("Location", self.location)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


def part_of(request: BaseHTTPRequestHandler) -> bytes:
    """The only part of a multipart request to store."""
    assert request.path == "/dicom-web/studies"
    content = _body(request)
    return content[content.index(b"\r\n\r\n") + 4 : content.rindex(b"\r\n--")]


def stow_answer(uid: str, reason: int | None) -> bytes:
    """The body of an answer: stored, or failed for a reason."""
    return json.dumps(_answer(uid, reason)).encode()


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers["Content-Length"]))
    content = b""
    while size := int(request.rfile.readline(), 16):
        content += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return content


def _answer(uid: str, reason: int | None) -> dict[str, object]:
    item: dict[str, object] = {"00081155": {"vr": "UI", "Value": [uid]}}
    if reason is None:
        return {"00081199": {"vr": "SQ", "Value": [item]}}
    item["00081197"] = {"vr": "US", "Value": [reason]}
    return {"00081198": {"vr": "SQ", "Value": [item]}}
