"""Orthanc commits to the results that it has stored."""

from pathlib import Path

import pytest

from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.results import awaited
from tests.dicom.orthanc.server import AE_TITLE, Orthanc
from tests.dicom.orthanc.service import Service
from tests.dicom.orthanc.studies import radiograph, save
from tests.dicom.orthanc.waiting import until

pytestmark = pytest.mark.pacs

COMMITS = ("--storage-commitment", AE_TITLE, "--commitment-wait", "120")


def test_a_study_is_finished_when_orthanc_has_committed(model: Path, tmp_path: Path) -> None:
    people = numbered(2, "COMMIT")
    service = Service(tmp_path / "service", model, (), COMMITS)
    with Orthanc(tmp_path / "orthanc", service.port) as orthanc:
        service.destinations = [orthanc.store_destination]
        servers = Hospital(orthanc, service)
        sources = [radiograph(one, "commit", number=k) for k, one in enumerate(people)]
        with service:
            for source in sources:
                servers.store(save([source], tmp_path / source.PatientID))
            for source in sources:
                awaited(orthanc, source.StudyInstanceUID)
            until(lambda: len(service.records()) == len(sources), "both are finished")
            totals = service.status()["totals"]
        (reports,) = {job["State"] for job in _reports(orthanc)}
        assert reports == "Success"
    assert totals["results_committed"] == 4 * len(sources)
    assert totals["results_not_committed"] == totals["results_commitment_failed"] == 0
    assert not any("not_committed" in record for record in service.records().values())


def test_what_orthanc_has_lost_is_sent_again(model: Path, tmp_path: Path) -> None:
    source = radiograph(numbered(1, "LOST")[0], "lost")
    service = Service(tmp_path / "service", model, (), COMMITS)
    with Orthanc(tmp_path / "orthanc", service.port) as orthanc:
        # Orthanc finds nobody to report to, so that the results wait.
        elsewhere = {"AET": "MONAI_COVID", "Host": "127.0.0.1", "Port": 1}
        orthanc.put("/modalities/monai-covid", elsewhere)
        service.destinations = [orthanc.store_destination]
        with service:
            Hospital(orthanc, service).store_to_service(save([source], tmp_path / "source"))
            lost, *_ = awaited(orthanc, source.StudyInstanceUID)
            until(lambda: _reports(orthanc), "Orthanc was asked")
            assert service.holds("sending") == 1
            orthanc.delete(f"/instances/{lost.identifier}")
            service.kill()
            orthanc.put("/modalities/monai-covid", elsewhere | {"Port": service.port})
            service.start()
            until(service.records, "the study is finished")
            totals = service.status()["totals"]
            assert len(awaited(orthanc, source.StudyInstanceUID)) == 4
    assert totals["results_commitment_failed"] == 1
    assert totals["results_delivered"] == 1
    assert totals["results_committed"] == 4


def _reports(orthanc: Orthanc) -> list[dict[str, str]]:
    jobs = orthanc.get("/jobs?expand").json()
    return [job for job in jobs if job["Type"] == "StorageCommitmentScp"]
