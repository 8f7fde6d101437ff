"""Associations that are requested of a destination, and why there is none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from monai_covid.dicom.service.connections import set_up_connection
from monai_covid.dicom.service.destinations import (
    Destination,
    RejectedError,
    UnreachableError,
)
from monai_covid.dicom.service.settings import Settings

_NO_REASON = "No reason given"
_CLOSED = ("closed before an association", "closed after the TLS handshake")


class Requestor:
    """Requests associations of one destination."""

    def __init__(
        self, destination: Destination, settings: Settings, tls: ssl.SSLContext | None
    ) -> None:
        """Talk to ``destination``, by TLS if there is a context."""
        self._destination = destination
        self._tls = tls
        self._network_timeout = settings.network_timeout
        self._entity = AE(ae_title=settings.ae_title)
        self._entity.acse_timeout = settings.acse_timeout
        self._entity.dimse_timeout = settings.dimse_timeout
        self._entity.network_timeout = settings.network_timeout
        self._entity.connection_timeout = settings.acse_timeout

    def associate(
        self,
        contexts: Sequence[PresentationContext],
        handlers: Sequence[evt.EventHandlerType] = (),
    ) -> Association | None:
        """Return an association; None if the destination accepts none of ``contexts``.

        Raises:
            RejectedError: It rejected the association.
            UnreachableError: It cannot be talked to.
        """
        set_up = (evt.EVT_CONN_OPEN, set_up_connection, [self._network_timeout])
        association = self._entity.associate(
            self._destination.host,
            self._destination.port,
            contexts=list(contexts),
            ae_title=self._destination.ae_title,
            tls_args=(self._tls, self._destination.host) if self._tls else None,
            evt_handlers=[set_up, *handlers],
        )
        if association.is_established:
            return association
        if association.is_rejected:
            reason = _reason(association)
            raise RejectedError(f"association rejected: {reason}", reason == _NO_REASON)
        if association.acceptor.primitive is not None:
            return None
        reason = self._reason_for_none()
        raise UnreachableError(f"no connection ({reason})", reason in _CLOSED)

    def _reason_for_none(self) -> str:
        """Connect once more to learn why; pynetdicom keeps the reason to itself."""
        address = (self._destination.host, self._destination.port)
        try:
            with socket.create_connection(address, self._entity.connection_timeout) as connection:
                if self._tls is None:
                    return _CLOSED[0]
                with self._tls.wrap_socket(connection, server_hostname=address[0]):
                    return _CLOSED[1]
        except ssl.SSLCertVerificationError as error:
            return f"certificate not accepted: {error.verify_message}"
        except ssl.SSLError as error:
            return f"TLS: {error.reason or type(error).__name__}"
        except OSError as error:
            return error.strerror or str(error) or type(error).__name__


def _reason(association: Association) -> str:
    primitive = association.acceptor.primitive
    return str(primitive.reason_str) if primitive is not None else "no reason given"
