"""What no modality should send: refused, or put aside with the reason, and the service goes on."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.dicom.orthanc.hospital import Hospital, hospital
from tests.dicom.orthanc.people import PEOPLE, Person
from tests.dicom.orthanc.raw_store import data_set, send_as
from tests.dicom.orthanc.results import awaited, by_kind, found
from tests.dicom.orthanc.sending import echoes, store
from tests.dicom.orthanc.server import HOST, SERVICE_AE_TITLE
from tests.dicom.orthanc.studies import radiograph, save

pytestmark = pytest.mark.pacs

SUCCESS = 0x0000
CANNOT_UNDERSTAND = 0xC000
DOES_NOT_MATCH = 0xA900
"""Statuses of C-STORE: DICOM PS3.4 B.2.3."""

LARGEST_MB = 2

ASSOCIATE_REQUEST = 0x01
DATA = 0x04
"""Types of PDU: DICOM PS3.8 9.3."""


@pytest.fixture(scope="module")
def limited(
    isolated: None, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """Servers of which the service takes small instances only."""
    options = ("--max-instance-mb", str(LARGEST_MB), "--acse-timeout", "2")
    folder = tmp_path_factory.mktemp("limited")
    with hospital(folder, model, options=options) as servers:
        yield servers


@pytest.fixture(autouse=True)
def goes_on(limited: Hospital) -> Iterator[None]:
    """After each test the service answers, and has not been started anew."""
    yield
    limited.service.check_alive()
    assert echoes(limited.service.port, SERVICE_AE_TITLE)


def last_reason(servers: Hospital) -> str:
    """What the service says was wrong last."""
    latest = servers.service.status()["last_errors"][0]
    assert latest["event"] == "instance refused"
    return str(latest["reason"])


def bytes_of(seed: int, count: int) -> bytes:
    return np.random.default_rng(seed).bytes(count)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bytes_of(0, 4096), id="noise"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes_of(1, 300), id="TLS"),
        pytest.param(struct.pack(">BxI", ASSOCIATE_REQUEST, 2**32 - 1), id="4 GiB announced"),
        pytest.param(struct.pack(">BxI", ASSOCIATE_REQUEST, 200) + bytes_of(2, 50), id="cut off"),
        pytest.param(struct.pack(">BxI", DATA, 64) + bytes_of(3, 64), id="data before association"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_not_dicom_on_the_port(data: bytes, limited: Hospital) -> None:
    with socket.create_connection((HOST, limited.service.port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            pass


def test_many_connections_that_say_nothing(limited: Hospital) -> None:
    open_ones = [
        socket.create_connection((HOST, limited.service.port), timeout=30) for _ in range(30)
    ]
    try:
        for connection in open_ones:
            connection.settimeout(60)
            # They are closed by the service in the end; this does not wait for their sender.
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    finally:
        for connection in open_ones:
            connection.close()


@pytest.mark.parametrize("part", [0.001, 0.3, 0.999])
def test_a_truncated_data_set_is_refused(
    part: float, limited: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = radiograph(PEOPLE[0], f"truncated-{part}")
    whole = data_set(source)
    data = whole[: int(part * len(whole)) // 2 * 2]
    status = send_as(source, data, limited.service.port, tmp_path, monkeypatch)
    assert status == CANNOT_UNDERSTAND
    assert "cannot be parsed" in last_reason(limited) or "no usable" in last_reason(limited)
    assert limited.service.holds("received") == 0


def test_a_whole_data_set_sent_that_way_is_taken(
    limited: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = radiograph(PEOPLE[0], "whole")
    data = data_set(source)
    assert send_as(source, data, limited.service.port, tmp_path, monkeypatch) == SUCCESS
    by_kind(awaited(limited.orthanc, source.StudyInstanceUID))


@pytest.mark.parametrize(
    "data", [bytes_of(4, 5000), b"%PDF-1.7 " * 100, b"\0" * 512], ids=["noise", "PDF", "zeros"]
)
def test_what_is_not_dicom_in_a_store_is_refused(
    data: bytes, limited: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = radiograph(PEOPLE[0], "not-dicom")
    status = send_as(source, data, limited.service.port, tmp_path, monkeypatch)
    assert status == CANNOT_UNDERSTAND
    assert "cannot be parsed" in last_reason(limited) or "no usable" in last_reason(limited)
    assert limited.service.holds("received") == 0


def test_an_instance_that_claims_to_be_another_is_refused(
    limited: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = radiograph(PEOPLE[0], "claims")
    data = data_set(source)
    source.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    status = send_as(source, data, limited.service.port, tmp_path, monkeypatch)
    assert status == DOES_NOT_MATCH
    assert "SOPInstanceUID" in last_reason(limited)


def test_an_oversized_instance_is_refused(limited: Hospital, tmp_path: Path) -> None:
    source = radiograph(PEOPLE[0], "oversized")
    source.Rows *= 8
    source.PixelData = source.PixelData * 8
    assert len(source.PixelData) > LARGEST_MB * 2**20
    done = store(save([source], tmp_path), limited.service.port, SERVICE_AE_TITLE)
    assert done.returncode != 0, done.stdout
    assert "bytes" in last_reason(limited)
    assert limited.service.holds("received") == 0


def test_pixel_data_that_are_too_short_are_refused(limited: Hospital, tmp_path: Path) -> None:
    source = radiograph(Person("Short^Pixels", "SHORT"), "short")
    source.PixelData = source.PixelData[: len(source.PixelData) // 2]
    done = store(save([source], tmp_path), limited.service.port, SERVICE_AE_TITLE)
    assert done.returncode != 0, done.stdout
    assert "PixelData (7FE0,0010)" in last_reason(limited)
    assert limited.service.holds("received") == 0
    assert found(limited.orthanc, source.StudyInstanceUID) == []


def test_dimensions_that_would_fill_the_memory_are_put_aside(
    limited: Hospital, tmp_path: Path
) -> None:
    source = radiograph(Person("Bomb^Pixels", "BOMB"), "bomb")
    source.compress("1.2.840.10008.1.2.4.80", generate_instance_uid=False)
    source.Rows = source.Columns = 65535
    record = limited.handled(save([source], tmp_path), state="quarantine")
    assert "65535" in record["reason"]


def test_an_image_that_is_no_chest_is_put_aside(limited: Hospital, tmp_path: Path) -> None:
    source = radiograph(Person("Broken^Hand", "HAND"), "hand")
    source.BodyPartExamined = "HAND"
    record = limited.handled(save([source], tmp_path), state="quarantine")
    assert "HAND" in record["reason"]
    assert found(limited.orthanc, source.StudyInstanceUID) == []


def test_the_reasons_are_shown(limited: Hospital, tmp_path: Path) -> None:
    source = radiograph(Person("Broken^Foot", "FOOT"), "foot")
    source.BodyPartExamined = "FOOT"
    limited.handled(save([source], tmp_path), state="quarantine")
    assert "FOOT" in limited.service.get("/status").text


def test_a_good_study_after_all_that(limited: Hospital, tmp_path: Path) -> None:
    source = radiograph(PEOPLE[2], "good")
    limited.store(save([source], tmp_path))
    by_kind(awaited(limited.orthanc, source.StudyInstanceUID))


def test_the_status_page_takes_no_other_requests(limited: Hospital) -> None:
    place = f"http://{HOST}:{limited.service.status_port}"
    assert requests.post(f"{place}/status", data=b"x" * 100_000, timeout=30).status_code >= 400
    assert limited.service.get("/etc/passwd").status_code == 404
    assert limited.service.get("/status").ok
