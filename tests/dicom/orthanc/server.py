"""Orthanc with its own storage."""

import json
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from dicomweb_client import DICOMwebClient

from tests.dicom.orthanc.programs import program
from tests.dicom.orthanc.waiting import until

AE_TITLE = "ORTHANC"
SERVICE_AE_TITLE = "MONAI_COVID"
HOST = "127.0.0.1"
ROUTING = Path(__file__).resolve().parents[3] / "deploy" / "orthanc" / "route.lua"
"""The rule that is delivered."""

TIMEOUT = 30
"""Seconds for an answer to one request."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


class Orthanc:
    """An Orthanc that routes radiographs to the service; a context manager that runs it.

    Attributes:
        dicom_port: Where it listens for DICOM associations.
        http_port: Where it serves REST and DICOMweb.
        log: File with what it said.
    """

    def __init__(self, folder: Path, service_port: int) -> None:
        """Write the configuration; ``folder`` keeps it, the storage and the log."""
        self.dicom_port, self.http_port = free_port(), free_port()
        self.log = folder / "orthanc.log"
        self._configuration = folder / "orthanc.json"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        settings = self._settings(folder, service_port)
        self._configuration.write_text(json.dumps(settings, indent=2))

    def _settings(self, folder: Path, service_port: int) -> dict[str, Any]:
        return {
            "Name": "monai-covid tests",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "StorageCompression": False,
            "Plugins": [program("libOrthancDicomWeb.so"), program("libOrthancGdcm.so")],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": AE_TITLE,
            "DicomPort": self.dicom_port,
            "DicomModalities": {"monai-covid": [SERVICE_AE_TITLE, HOST, service_port]},
            "DicomAlwaysAllowStore": True,
            "LuaScripts": [str(ROUTING)],
            # In which QIDO-RS answers; names beyond Latin-1 lose their letters otherwise.
            "DefaultEncoding": "Utf8",
            "StableAge": 1,
            # As installed by default: an instance that is stored a second time changes nothing.
            "OverwriteInstances": False,
            # Transmissions that failed stay in the list until there are so many newer ones.
            "JobsHistorySize": 1000,
            "SaveJobs": True,
        }

    def start(self) -> None:
        """Start it and wait until both of its servers answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [program("Orthanc"), str(self._configuration)], stdout=log, stderr=log
            )
        until(self._answers, f"Orthanc answers (see {self.log})", seconds=60)

    def _answers(self) -> bool:
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"Orthanc ended with {code}: {self.log.read_text()[-2000:]}"
        try:
            self.get("/system")
            socket.create_connection((HOST, self.dicom_port), timeout=5).close()
        except (requests.ConnectionError, ConnectionRefusedError):
            return False
        return True

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """Stop it, if it runs; what it has stored stays for the next start."""
        if self._process is None:
            return
        self._process.send_signal(signal_number)
        self._process.wait(timeout=60)
        self._process = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop at once: the storage is not needed any more."""
        self.stop(signal.SIGKILL)

    @property
    def store_destination(self) -> str:
        """Where the service sends results by C-STORE."""
        return f"dicom://{AE_TITLE}@{HOST}:{self.dicom_port}"

    @property
    def web_destination(self) -> str:
        """Where the service sends results by STOW-RS."""
        return f"http://{HOST}:{self.http_port}/dicom-web"

    @property
    def web(self) -> DICOMwebClient:
        """A DICOMweb client of it."""
        return DICOMwebClient(self.web_destination)

    def get(self, path: str) -> requests.Response:
        """Answer of the REST interface to GET ``path``."""
        answer = requests.get(f"http://{HOST}:{self.http_port}{path}", timeout=TIMEOUT)
        answer.raise_for_status()
        return answer

    def post(self, path: str, content: Any) -> Any:
        """Answer of the REST interface to POST ``path``; ``content`` as JSON."""
        answer = requests.post(
            f"http://{HOST}:{self.http_port}{path}", json=content, timeout=TIMEOUT
        )
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, content: Any) -> None:
        """PUT ``content`` as JSON by the REST interface."""
        address = f"http://{HOST}:{self.http_port}{path}"
        requests.put(address, json=content, timeout=TIMEOUT).raise_for_status()

    def delete(self, path: str) -> None:
        """DELETE ``path`` by the REST interface."""
        answer = requests.delete(f"http://{HOST}:{self.http_port}{path}", timeout=TIMEOUT)
        answer.raise_for_status()

    def failed_jobs(self) -> list[str]:
        """Identifiers of the jobs that have failed."""
        jobs = self.get("/jobs?expand").json()
        return [job["ID"] for job in jobs if job["State"] == "Failure"]

    def find(self, level: str, **query: str) -> list[str]:
        """Orthanc's own identifiers of what matches ``query`` at ``level``, such as Instance."""
        return list(self.post("/tools/find", {"Level": level, "Query": query}))
