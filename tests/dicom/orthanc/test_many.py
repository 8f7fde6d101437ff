"""Twenty patients at once, also while the service is killed."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRLittleEndian

from monai_covid.dicom.service.acceptance import key_of
from monai_covid.inference.study import StudyPipeline
from tests.dicom.orthanc import reports
from tests.dicom.orthanc.expected import TOLERANCE, close_to, probabilities
from tests.dicom.orthanc.hospital import Hospital, hospital
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.results import awaited, by_kind, found, source_of
from tests.dicom.orthanc.sending import PROPOSED, store, store_command
from tests.dicom.orthanc.server import AE_TITLE, SERVICE_AE_TITLE, Orthanc
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph, save, shares
from tests.dicom.orthanc.waiting import until

pytestmark = pytest.mark.pacs

STUDIES = 20
ASSOCIATIONS = 4


def twenty(group: str) -> list[FileDataset]:
    """One radiograph of each of twenty patients, all different."""
    return [
        radiograph(person, group, modality=["CR", "DX"][number % 2], number=number)
        for number, person in enumerate(numbered(STUDIES, group))
    ]


def check_answers(
    orthanc: Orthanc, sources: Sequence[FileDataset], pipeline: StudyPipeline, folder: Path
) -> None:
    """Every source is answered once, with what belongs to its own patient and picture."""
    expected = probabilities(pipeline, sources)
    for first, second in combinations(expected.values(), 2):
        apart = max(abs(first[name] - second[name]) for name in first)
        assert apart > 100 * TOLERANCE, "the pictures must be told apart"
    uids: set[str] = set()
    for source in sources:
        results = by_kind(awaited(orthanc, source.StudyInstanceUID, seconds=120))
        for kind, result in results.items():
            one = result.dataset
            assert source_of(one) == source.SOPInstanceUID, kind
            assert one.StudyInstanceUID == source.StudyInstanceUID, kind
            assert (one.PatientID, one.PatientName) == (source.PatientID, source.PatientName), kind
            uids.add(one.SOPInstanceUID)
        report = reports.read_by_dcmtk(results["report"].content, folder)
        assert report.image == source.SOPInstanceUID
        assert report.probabilities == close_to(expected[source.SOPInstanceUID])
    assert len(uids) == 4 * len(sources)


def group_of(source: FileDataset) -> str:
    """How the service names the study of ``source``."""
    issuer = source.get("IssuerOfPatientID", "")
    return key_of(source.StudyInstanceUID, source.PatientID, issuer)


def records_of(service: Service, source: FileDataset) -> list[dict[str, Any]]:
    """Records of all the times that the study of ``source`` was processed and delivered."""
    records = service.records("done").items()
    return [record for job, record in records if job.endswith(f"-{group_of(source)}")]


def received_groups(service: Service) -> list[str]:
    """Names of the studies of all images that the service has logged, one for each image."""
    # A line that was being written when the service was killed has no end.
    lines = [line for line in service.said().splitlines() if line[:1] == "{" and line[-1:] == "}"]
    events = [json.loads(line) for line in lines]
    return [one["study"] for one in events if one["event"] == "instance received"]


def test_twenty_studies_over_four_associations(
    shared: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    sources = twenty("MANY")
    shared.settled()
    before = shared.service.status()["totals"]["results_delivered"]
    files = save(sources, tmp_path / "source")
    senders = [
        subprocess.Popen(
            store_command(
                share, shared.orthanc.dicom_port, AE_TITLE, PROPOSED[ExplicitVRLittleEndian]
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for share in shares(files, ASSOCIATIONS)
    ]
    for sender in senders:
        said, _ = sender.communicate(timeout=60)
        assert sender.returncode == 0, said
    check_answers(shared.orthanc, sources, pipeline, tmp_path)
    shared.settled()
    # The PACS keeps an instance once however often it is sent; only the service knows.
    after = shared.service.status()["totals"]["results_delivered"]
    assert after - before == STUDIES * 4 * len(shared.service.destinations)
    for source in sources:
        (record,) = records_of(shared.service, source)
        assert (record["images"], record["results"], record["refusals"]) == (1, 4, [])
    assert all(len(found(shared.orthanc, one.StudyInstanceUID)) == 4 for one in sources)


@pytest.fixture(scope="module")
def own(
    isolated: None, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """Servers that may be ended, if they run again afterwards."""
    with hospital(tmp_path_factory.mktemp("own"), model) as servers:
        yield servers


def send_until_accepted(files: Sequence[Path], port: int, give_up: threading.Event) -> None:
    """Send one file after the other, each again and again until it is acknowledged."""
    for file in files:
        while store([file], port, SERVICE_AE_TITLE).returncode != 0:
            assert not give_up.wait(0.1), "the service never came back"


def test_killed_again_and_again(own: Hospital, pipeline: StudyPipeline, tmp_path: Path) -> None:
    sources = twenty("KILLED")
    files = save(sources, tmp_path / "source")
    service, orthanc = own.service, own.orthanc

    def answered() -> int:
        return len(orthanc.find("Series", PatientID="KILLED-*", Modality="SR"))

    moments: tuple[Callable[[], object], ...] = (
        lambda: service.holds("received") > 1,
        lambda: service.holds("processing") > 1,
        lambda: service.holds("sending") > 0,
        lambda: answered() > 5,
    )
    give_up = threading.Event()
    with ThreadPoolExecutor(ASSOCIATIONS) as senders:
        sending = [
            senders.submit(send_until_accepted, share, service.port, give_up)
            for share in shares(files, ASSOCIATIONS)
        ]
        try:
            for moment in moments:
                until(moment, "the moment to kill", seconds=60, interval=0.002)
                service.kill()
                service.start()
        except BaseException:
            give_up.set()
            raise
        for sender in sending:
            sender.result(timeout=120)
    check_answers(orthanc, sources, pipeline, tmp_path)
    own.settled()
    assert service.holds("quarantine") == 0
    received = received_groups(service)
    for source in sources:
        # More than once only if a sender did not get the answer and sent it again.
        records = records_of(service, source)
        assert 1 <= len(records) <= max(1, received.count(group_of(source)))
        assert {(one["images"], one["results"]) for one in records} == {(1, 4)}
    assert all(len(found(orthanc, source.StudyInstanceUID)) == 4 for source in sources)


def test_what_was_acknowledged_survives(
    own: Hospital, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    sources = twenty("ACKNOWLEDGED")[:8]
    own.store_to_service(save(sources, tmp_path / "source"))
    # All are acknowledged and none of them is sent a second time.
    own.service.kill()
    own.service.start()
    check_answers(own.orthanc, sources, pipeline, tmp_path)


def test_stopped_in_the_middle(own: Hospital, pipeline: StudyPipeline, tmp_path: Path) -> None:
    sources = twenty("STOPPED")[:8]
    own.store_to_service(save(sources, tmp_path / "source"))
    until(lambda: own.service.holds("processing") > 0, "processing has begun", interval=0.002)
    assert own.service.stop() == 0
    own.service.start()
    check_answers(own.orthanc, sources, pipeline, tmp_path)
