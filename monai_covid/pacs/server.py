"""The listening socket."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
import time
from socketserver import BaseServer
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.transport import ThreadedAssociationServer

from monai_covid.pacs.logs import log_event, place_of

POLL = 0.1
"""Seconds until a stop of the listening is noticed."""


class Entity(AE):
    """An application entity that counts connections only as long as they are there.

    pynetdicom goes on counting one that closed before it asked for an association, until the
    timeout of that; a few probes of the port would keep senders out.
    """

    @property
    def active_associations(self) -> list[Association]:
        """Return the associations with a connection."""
        associations: list[Association] = super().active_associations
        return [one for one in associations if one.dul.is_alive()]


class Server(ThreadedAssociationServer):
    """Accepts connections, and shakes hands for TLS in the thread of each.

    In pynetdicom's server a peer that connects and then says nothing keeps all others waiting for
    its TLS handshake, and errors of a connection are printed with whatever their text holds.
    """

    daemon_threads = True
    request_queue_size = 64

    def listen(self) -> threading.Thread:
        """Accept connections in a thread of their own, which is returned."""
        thread = threading.Thread(
            target=self.serve_forever, args=[POLL], name="listening", daemon=True
        )
        thread.start()
        return thread

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        connection, address = self.socket.accept()
        connection.settimeout(self.ae.acse_timeout)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then begin the association (in the thread of the connection)."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log that a connection failed before it was an association."""
        error = sys.exc_info()[1]
        reason = place_of(error) if error is not None else "unknown"
        log_event("connection failed", logging.WARNING, peer=client_address[0], reason=reason)

    def shutdown(self) -> None:
        """Stop accepting connections."""
        BaseServer.shutdown(self)
        self.server_close()

    def abort_all(self, seconds: float) -> None:
        """Abort all associations; close the connections of those still there after ``seconds``."""
        associations = self.active_associations
        # One that is not established yet waits in its thread for a request that does not come.
        threads = [one if one.is_established else one.dul for one in associations]
        for association in associations:
            association.abort(block=False)
        limit = time.monotonic() + seconds
        for association, thread in zip(associations, threads, strict=True):
            thread.join(max(0.0, limit - time.monotonic()))
            connection = association.dul.socket and association.dul.socket.socket
            if thread.is_alive() and connection:
                connection.close()
