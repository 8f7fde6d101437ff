"""A PACS: something that sends to the service and something that it sends to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.transport import ThreadedAssociationServer

from monai_covid.dicom.service.connections import IMAGE_SYNTAXES, IMAGES, OWN_RESULTS

SECONDS = 20.0


def wait_until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    """Return as soon as ``true()``; fail after ``seconds``."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, f"not within {seconds} s"
        time.sleep(0.01)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def association(
    port: int,
    datasets: Sequence[Dataset] = (),
    *,
    calling: str = "SENDER",
    called: str = "MONAI_COVID",
    tls: object = None,
) -> Iterator[Association]:
    """An association to the service that can send ``datasets``; C-ECHO always."""
    entity = AE(ae_title=calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.connection_timeout = SECONDS
    needed = {(one.SOPClassUID, one.file_meta.TransferSyntaxUID) for one in datasets}
    contexts = [build_context(one, [syntax]) for one, syntax in sorted(needed)]
    contexts.append(build_context("1.2.840.10008.1.1", [ImplicitVRLittleEndian]))
    made = entity.associate("127.0.0.1", port, contexts, ae_title=called, tls_args=tls)
    try:
        yield made
    finally:
        if made.is_established:
            made.release()


def send(port: int, *datasets: Dataset, **options: object) -> list[int]:
    """Send ``datasets`` over one association; the status of each."""
    with association(port, datasets, **options) as made:
        assert made.is_established
        return [made.send_c_store(one).get("Status", -1) for one in datasets]


class Archive:
    """A Storage SCP that keeps what it gets.

    Attributes:
        stored: SOP Instance UIDs in the order of arrival, each as often as it came.
        datasets: The instances.
        encoded: Their bytes as they came.
        answer: Makes the status of an instance.
        handlers: What is bound to pynetdicom's events.
        aborts: Whether the association ends at an instance.
        rejects: Whether an association is rejected that proposes a SOP class.
    """

    def __init__(
        self,
        port: int = 0,
        classes: Sequence[str] = (*IMAGES, *OWN_RESULTS),
        only_called: bool = False,
        syntaxes: Sequence[str] = IMAGE_SYNTAXES,
    ) -> None:
        """Listen on ``port`` as soon as :meth:`start` is called."""
        self._port = port
        self._entity = AE(ae_title="ARCHIVE")
        self._entity.require_called_aet = only_called
        for one in classes:
            self._entity.add_supported_context(one, list(syntaxes))
        self._server = None
        self.handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_REQUESTED, self._requested)]
        self.stored: list[str] = []
        self.datasets: list[Dataset] = []
        self.encoded: list[bytes] = []
        self.aborts: Callable[[Dataset], bool] = lambda dataset: False
        self.rejects: Callable[[str], bool] = lambda sop_class: False
        self.answer: Callable[[Dataset], int] = lambda dataset: 0x0000

    @property
    def url(self) -> str:
        """Where the service sends to."""
        return f"dicom://ARCHIVE@127.0.0.1:{self._port}"

    def start(self, tls: object = None) -> Archive:
        """Listen."""
        self._server = self._entity.make_server(
            ("127.0.0.1", self._port),
            evt_handlers=self.handlers,
            ssl_context=tls,
            server_class=ThreadedAssociationServer,
        )
        Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        self._port = self._server.server_address[1]
        return self

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            BaseServer.shutdown(self._server)
            self._server.server_close()
            self._server = None

    def _requested(self, event: evt.Event) -> None:
        contexts = event.assoc.requestor.requested_contexts
        if any(self.rejects(context.abstract_syntax) for context in contexts):
            event.assoc.acse.send_reject(0x01, 0x01, 0x01)  # permanent, by the user, no reason
            event.assoc.kill()

    def _store(self, event: evt.Event) -> int:
        dataset = event.dataset
        if self.aborts(dataset):
            event.assoc.abort()
            return 0xC000
        status = self.answer(dataset)
        if status == 0x0000:
            self.stored.append(str(dataset.SOPInstanceUID))
            self.datasets.append(dataset)
            self.encoded.append(event.request.DataSet.getvalue())
        return status
