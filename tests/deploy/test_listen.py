"""The service with the operator graph behind it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt

from monai_covid.dicom.results.instances import RESULT_KINDS
from tests.deploy.conftest import DEPLOY
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph

pytestmark = pytest.mark.deploy

RESULTS_OF_AN_IMAGE = 4
JANE = PEOPLE[0]


class Destination:
    """Takes results.

    Attributes:
        url: Where the service sends them.
        received: What has arrived.
        complete: Set when all results of one image are there.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.url = ""
        self.received: list[Dataset] = []
        self.complete = threading.Event()

    def store(self, event: evt.Event) -> int:
        """Take an instance."""
        self.received.append(event.dataset)
        if len(self.received) == RESULTS_OF_AN_IMAGE:
            self.complete.set()
        return 0x0000


@contextmanager
def _destination() -> Iterator[Destination]:
    destination = Destination()
    entity = AE("PACS")
    entity.supported_contexts = AllStoragePresentationContexts
    handlers = [(evt.EVT_C_STORE, destination.store)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    destination.url = f"dicom://PACS@127.0.0.1:{server.server_address[1]}"
    try:
        yield destination
    finally:
        server.shutdown()


def _send(port: int, *datasets: Dataset) -> None:
    entity = AE("MODALITY")
    for dataset in datasets:
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="MONAI_COVID")
    assert association.is_established
    assert [association.send_c_store(dataset).Status for dataset in datasets] == [0] * len(datasets)
    association.release()


def test_every_option_reaches_the_graph(deploy, bundle, tmp_path, monkeypatch):
    module, loaded = deploy("listen"), []
    monkeypatch.setattr(module, "run_when_loaded", lambda settings, load, about: load())
    monkeypatch.setattr(deploy("pipeline"), "load_pipeline", lambda *a, **k: loaded.append((a, k)))
    needed = ["--spool", str(tmp_path), "--send-to", "dicom://PACS@127.0.0.1:1"]
    chosen = ["--device", "cpu", "--results", "report,overlay", "--keep-unsuitable"]
    chosen.append("--trust-photometric")
    module.main([*needed, "--model", str(bundle), *chosen])
    (tmp_path / "service.yaml").write_text("keep-unsuitable: true\n")
    module.main([*needed, "--model", str(bundle), "--config", str(tmp_path / "service.yaml")])
    model = bundle / "models" / "model.pt"
    assert loaded == [
        (
            (model, "cpu", ("report", "overlay")),
            {"keep_unsuitable": True, "trust_photometric": True},
        ),
        ((model, None, RESULT_KINDS), {"keep_unsuitable": True, "trust_photometric": False}),
    ]


def test_a_study_is_answered_through_the_graph_and_the_service_ends_cleanly(
    bundle: Path, tmp_path: Path
) -> None:
    command = (sys.executable, str(DEPLOY / "listen.py"))
    with (
        _destination() as destination,
        Service(tmp_path, bundle, [destination.url], command=command) as service,
    ):
        frontal, lateral = radiograph(JANE, "a"), radiograph(JANE, "a", number=1, view="LL")
        _send(service.port, frontal, lateral)
        assert destination.complete.wait(timeout=120), service.said()
        assert service.status()["about"]["processor"] == "MONAI Deploy operator graph"
        assert service.stop() == 0
        said = service.said()
    assert sorted(one.Modality for one in destination.received) == ["OT", "PR", "SEG", "SR"]
    assert {one.PatientID for one in destination.received} == {JANE.identifier}
    for secret in (JANE.identifier, str(frontal.PatientName), frontal.StudyInstanceUID):
        assert secret not in said
