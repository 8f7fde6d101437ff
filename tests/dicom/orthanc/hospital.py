"""A PACS and the service beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.dicom.orthanc.sending import stored
from tests.dicom.orthanc.server import AE_TITLE, SERVICE_AE_TITLE, Orthanc
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.waiting import until


class Hospital(NamedTuple):
    """Two servers that know each other.

    Attributes:
        orthanc: The PACS; it sends radiographs on to the service.
        service: The service; it sends results to the PACS.
    """

    orthanc: Orthanc
    service: Service

    def store(self, files: Sequence[Path]) -> None:
        """Let a modality send ``files`` to the PACS."""
        stored(files, self.orthanc.dicom_port, AE_TITLE)

    def store_to_service(self, files: Sequence[Path]) -> None:
        """Let a modality send ``files`` to the service."""
        stored(files, self.service.port, SERVICE_AE_TITLE)

    def settled(self, seconds: float = 60) -> None:
        """Wait until the service has delivered all that it has received."""
        states = ("received", "processing", "sending")
        until(
            lambda: not any(self.service.holds(state) for state in states),
            "nothing waits in the spool",
            seconds,
        )

    def handled(self, files: Sequence[Path], state: str = "done") -> dict[str, Any]:
        """Send the files of one study to the service; wait for and return its new record."""
        self.settled()
        before = set(self.service.records(state))
        self.store_to_service(files)
        new = until(lambda: set(self.service.records(state)) - before, f"a record in {state}")
        (job,) = new
        return self.service.records(state)[job]


@contextmanager
def hospital(folder: Path, model: Path, options: Sequence[str] = ()) -> Iterator[Hospital]:
    """Run both; results come back by C-STORE and by STOW-RS, ``options`` go to the service."""
    service = Service(folder / "service", model, (), options)
    orthanc = Orthanc(folder / "orthanc", service.port)
    service.destinations = [orthanc.store_destination, orthanc.web_destination]
    with orthanc, service:
        yield Hospital(orthanc, service)
