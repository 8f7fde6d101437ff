"""The PACS is away for a while."""

from pathlib import Path

import pytest

from monai_covid.inference.study import StudyPipeline
from tests.dicom.orthanc import reports
from tests.dicom.orthanc.expected import close_to, probabilities
from tests.dicom.orthanc.hospital import Hospital, hospital
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.results import awaited, by_kind
from tests.dicom.orthanc.server import HOST, Orthanc, free_port
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph, save
from tests.dicom.orthanc.waiting import until

pytestmark = pytest.mark.pacs


def test_results_arrive_when_the_pacs_is_back(
    model: Path, pipeline: StudyPipeline, tmp_path: Path
) -> None:
    sources = [
        radiograph(person, "outage", number=number)
        for number, person in enumerate(numbered(3, "OUTAGE"))
    ]
    files = save(sources, tmp_path / "source")
    with hospital(tmp_path / "servers", model) as servers:
        orthanc, service = servers
        orthanc.stop()
        servers.store_to_service(files)
        until(lambda: service.holds("sending") == len(sources), "all wait to be sent")
        for place in service.destinations:
            until(lambda place=place: refused(service, place), f"{place} has been tried")
        # What waits outlasts the service too.
        service.kill()
        service.start()
        assert service.holds("sending") == len(sources)
        orthanc.start()
        expected = probabilities(pipeline, sources)
        for source in sources:
            results = by_kind(awaited(orthanc, source.StudyInstanceUID))
            report = reports.read_by_dcmtk(results["report"].content, tmp_path)
            assert report.probabilities == close_to(expected[source.SOPInstanceUID])
        # Both ways: a study leaves the spool only when every destination has answered.
        servers.settled()
        assert len(service.records()) == len(sources)
        assert not any(one["waiting"] for one in service.status()["destinations"])


def refused(service: Service, place: str) -> bool:
    """Whether the service shows an error of a destination."""
    states = {one["destination"]: one for one in service.status()["destinations"]}
    return bool(states[place]["last_error"])


def test_one_destination_does_not_wait_for_another(model: Path, tmp_path: Path) -> None:
    source = radiograph(numbered(1, "HALF")[0], "half-outage")
    nobody = f"http://{HOST}:{free_port()}/dicom-web"
    service = Service(tmp_path / "service", model)
    with Orthanc(tmp_path / "orthanc", service.port) as orthanc:
        service.destinations = [nobody, orthanc.store_destination]
        servers = Hospital(orthanc, service)
        with service:
            servers.store_to_service(save([source], tmp_path / "source"))
            by_kind(awaited(orthanc, source.StudyInstanceUID))
            until(lambda: refused(service, nobody), "the other one has been tried")
            assert service.holds("sending") == 1
        # The administrator gives up on it.
        service.destinations = [orthanc.store_destination]
        with service:
            servers.settled()
            by_kind(awaited(orthanc, source.StudyInstanceUID))


def test_the_pacs_keeps_what_the_service_did_not_take(model: Path, tmp_path: Path) -> None:
    sources = [radiograph(person, "not-taken") for person in numbered(3, "NOT-TAKEN")]
    service = Service(tmp_path / "service", model)
    with Orthanc(tmp_path / "orthanc", service.port) as orthanc:
        service.destinations = [orthanc.store_destination]
        servers = Hospital(orthanc, service)
        servers.store(save(sources, tmp_path / "source"))
        until(lambda: len(orthanc.failed_jobs()) == len(sources), "all transmissions have failed")
        with service:
            for job in orthanc.failed_jobs():
                orthanc.post(f"/jobs/{job}/resubmit", {})
            for source in sources:
                by_kind(awaited(orthanc, source.StudyInstanceUID))
