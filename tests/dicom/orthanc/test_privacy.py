"""What the service says of its work holds nothing about patients."""

from pathlib import Path

import pytest
from pydicom.dataset import FileDataset

from tests.dicom.orthanc.hospital import hospital
from tests.dicom.orthanc.people import PEOPLE, Person
from tests.dicom.orthanc.results import awaited, by_kind
from tests.dicom.orthanc.studies import radiograph, save
from tests.dicom.orthanc.waiting import until

pytestmark = pytest.mark.pacs

PERSON = Person("Vertraulich^Viktor", "SECRET-4711", ("ISO_IR 100",), "M", "19410203")


def secrets(source: FileDataset) -> list[str]:
    """Texts by which somebody could find out who it is."""
    texts = [
        *str(source.PatientName).replace("=", "^").split("^"),
        *str(source.ReferringPhysicianName).split("^"),
        source.PatientID,
        source.PatientBirthDate,
        source.AccessionNumber,
        source.StudyInstanceUID,
        source.SeriesInstanceUID,
        source.SOPInstanceUID,
        source.StudyDescription,
    ]
    return [text for text in texts if len(text) > 1]


def test_log_status_and_records_name_nobody(model: Path, tmp_path: Path) -> None:
    good = radiograph(PERSON, "confidential")
    foreign = radiograph(PEOPLE[7], "confidential", number=1)
    no_chest = radiograph(Person("Handlos^Hanna", "SECRET-4712"), "confidential", number=2)
    no_chest.BodyPartExamined = "HAND"
    broken = radiograph(Person("Kaputt^Karl", "SECRET-4713"), "confidential", number=3)
    broken.PixelData = broken.PixelData[:1000]
    odd = radiograph(Person("Seltsam^Sara", "SECRET-4714"), "confidential", number=4)
    odd.WindowCenter = None
    odd.PatientBirthDate = ""
    sources = [good, foreign, no_chest, broken, odd]
    with hospital(tmp_path / "servers", model) as servers:
        orthanc, service = servers
        servers.store(save(sources, tmp_path / "source"))
        by_kind(awaited(orthanc, good.StudyInstanceUID))
        by_kind(awaited(orthanc, foreign.StudyInstanceUID))
        until(lambda: "instance refused" in service.said(), "the broken one is refused")
        until(lambda: service.holds("quarantine") >= 1, "the hand is put aside")
        servers.settled()
        orthanc.stop()
        again = radiograph(PERSON, "confidential", number=5, series=2)
        sources.append(again)
        servers.store_to_service(save([again], tmp_path / "source"))
        until(lambda: service.said().count("delivery failed") >= 2, "sending fails", seconds=60)
        told = {path: service.get(path).text for path in ("/status", "/metrics")}
        orthanc.start()
        servers.settled()
    told["log"] = service.said()
    kept = [*service.spool.glob("done/*.json"), *service.spool.glob("quarantine/*/*.json")]
    told |= {str(file): file.name + file.read_text() for file in kept}
    told["names in the spool"] = "\n".join(str(path) for path in service.spool.rglob("*"))
    assert len(kept) >= 5
    for source in sources:
        for secret in secrets(source):
            places = [place for place, text in told.items() if secret in text]
            assert not places, f"{secret!r} is in {places}"
