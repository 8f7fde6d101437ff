"""What is accepted, what is refused with which status, and that the service outlives all of it."""

import io
import json
import socket
import struct

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    Comprehensive3DSRStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
from pynetdicom import _config

from monai_covid.dicom.service.connections import IMAGE_SYNTAXES, LARGEST_PDU
from monai_covid.dicom.service.durable import Disk
from tests.dicom.instances import in_syntax, saved, set_pixels
from tests.dicom.service.peers import association, send, wait_until
from tests.dicom.service.running import folders, running, settings
from tests.dicom.service.studies import FakeProcessor, image


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
def service(tmp_path, log):
    """A service that receives and never processes."""
    chosen = settings(tmp_path / "spool", quiet_time=60.0, max_instance_mb=0.2)
    with running(chosen, FakeProcessor(), log) as one:
        yield one


def alive(service):
    with association(service.port) as made:
        return made.is_established and made.send_c_echo().Status == 0x0000


def received(service):
    return sorted((service.spool.folder / "received").glob("*/*.dcm"))


def reasons(log):
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [one["reason"] for one in lines if one["event"] == "instance refused"]


@pytest.mark.parametrize("syntax", IMAGE_SYNTAXES, ids=lambda one: one.name)
def test_every_common_transfer_syntax_is_kept_as_sent(service, tmp_path, syntax):
    one = image()
    if syntax.is_encapsulated:
        # What is inside is looked at when the study is processed.
        one.PixelData = encapsulate([b"some compressed pixels"])
        one["PixelData"].VR, one["PixelData"].is_undefined_length = "OB", True
        one.file_meta.TransferSyntaxUID = syntax
    else:
        one = in_syntax(one, syntax)
    path = saved(one, tmp_path / "sent.dcm")
    assert send(service.port, dcmread(path)) == [0x0000]
    (kept,) = received(service)
    assert dcmread(kept) == dcmread(path)
    assert dcmread(kept).file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize(
    "sop_class", [Comprehensive3DSRStorage, MultiFrameGrayscaleWordSecondaryCaptureImageStorage]
)
def test_what_will_not_be_processed_is_accepted_so_that_a_reason_can_be_given(service, sop_class):
    one = image(SOPClassUID=sop_class)
    assert send(service.port, one) == [0x0000]


def test_echo(service):
    assert alive(service)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"calling": "KNOWN"}, ""),
        ({"calling": "UNKNOWN"}, "UNKNOWN: its AE title is not among those of --allow"),
        ({"calling": "KNOWN", "called": "ELSE"}, "KNOWN: it called ELSE, not MONAI_COVID"),
    ],
)
def test_only_known_titles_may_send(tmp_path, log, options, reason):
    chosen = settings(tmp_path, allow=("KNOWN", "OTHER"), require_called_ae=True)
    with (
        running(chosen, FakeProcessor(), log) as service,
        association(service.port, **options) as made,
    ):
        assert made.is_established == (not reason)
        assert made.is_rejected == bool(reason)
        errors = [one["reason"] for one in service.status()["last_errors"]]
    assert errors == ([reason] if reason else [])
    assert ("association rejected" in log.getvalue()) == bool(reason)


def change(tmp_path, how):
    """Bytes of a file, changed."""
    content = saved(image(), tmp_path / "whole.dcm").read_bytes()
    path = tmp_path / "changed.dcm"
    path.write_bytes(how(content))
    return path


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        (lambda content: content[:-100], 0xC000, "its elements end at byte"),
        (lambda content: content + b"\x08\x00", 0xC000, "its elements end at byte"),
        (lambda content: content[:400] + b"\xff" * 50, 0xC000, "cannot be parsed"),
    ],
)
def test_damaged_data_are_refused(service, log, tmp_path, monkeypatch, how, status, reason):
    # The option lets pynetdicom send the file's bytes without looking at them.
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    path = change(tmp_path, how)
    with association(service.port, [image()]) as made:
        answer = made.send_c_store(path)
    assert answer.Status == status
    assert reason in reasons(log)[0]
    assert received(service) == []
    assert alive(service)


@pytest.mark.parametrize("missing", ["StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", [None, "", "1.2/../../x"])
def test_an_instance_without_its_uids_is_refused(
    service, log, tmp_path, monkeypatch, missing, value
):
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    one = image()
    del one[missing]
    if value is not None:
        one.add_new(missing, "UI", value)
    with association(service.port, [one]) as made:
        assert made.send_c_store(saved(one, tmp_path / "x.dcm")).Status == 0xC000
    assert reasons(log) == [f"no usable {missing}"]


@pytest.mark.parametrize("name", ["SOPInstanceUID", "SOPClassUID"])
def test_uids_of_command_and_data_set_must_agree(service, log, tmp_path, monkeypatch, name):
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    path = saved(one := image(), tmp_path / "x.dcm")
    old = str(one[name].value).encode()
    new = old[:-1] + bytes([old[-1] ^ 1])
    content = path.read_bytes()
    place = content.rindex(old)
    path.write_bytes(content[:place] + new + content[place + len(old) :])
    with association(service.port, [one]) as made:
        assert made.send_c_store(path).Status == 0xA900
    assert reasons(log) == [f"{name} of data set and command differ"]


def of_size(megabytes):
    one = image()
    one.BitsAllocated, one.Rows, one.Columns = 8, 1000, round(megabytes * 1000)
    set_pixels(one, b"\1" * (one.Rows * one.Columns))
    return one


def test_an_instance_that_is_too_large_is_refused(service, log):
    assert send(service.port, of_size(0.1), of_size(0.3)) == [0x0000, 0xA700]
    assert "at most 200000" in reasons(log)[0]
    assert len(received(service)) == 1


def test_an_instance_that_is_far_too_large_ends_the_association_before_its_end(service, log):
    assert send(service.port, of_size(20.0)) == [-1]
    assert "association aborted" in reasons(log)[0]
    assert len(reasons(log)) == 1
    assert alive(service)
    assert received(service) == []


def test_messages_sent_after_another_are_counted_one_by_one(service):
    assert send(service.port, *(of_size(0.19) for _ in range(12))) == [0] * 12


def test_a_deflated_bomb_is_refused(service, log, tmp_path):
    bomb = of_size(10.0)
    bomb.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    path = saved(bomb, tmp_path / "bomb.dcm")
    assert path.stat().st_size < 100_000
    assert send(service.port, dcmread(path)) == [0xC000]
    assert "inflates to more than 200000 bytes" in reasons(log)[0]


def test_junk_on_the_port(service):
    for junk in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\1\0" + b"\0" * 4,
        b"\xff" * 5000,
        b"\4\0\0\0\0\3abc",
    ):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert alive(service)


def test_a_pdu_that_claims_to_be_huge_ends_the_connection_before_it_is_read(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, LARGEST_PDU + 1))
        assert connection.recv(4096) == b""
    assert alive(service)


def test_a_peer_that_stops_in_a_pdu_is_let_go(tmp_path):
    with (
        running(settings(tmp_path, network_timeout=0.3), FakeProcessor()) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection,
    ):
        connection.sendall(struct.pack(">BBL", 1, 0, 1000))
        assert connection.recv(4096) == b""


class Steps(Disk):
    """Remembers what was done, and fails where told to."""

    def __init__(self, failing=None):
        self.steps = []
        self.failing = failing

    def _step(self, name, path):
        if self.failing == name:
            raise OSError(28, "No space left on device", str(path))
        self.steps.append(name)

    def write(self, path, *parts):
        super().write(path, *parts)
        self._step(f"write {path.parent.name}", path)

    def rename(self, source, target):
        self._step(f"rename {target.parent.parent.name}", target)
        super().rename(source, target)

    def sync_folder(self, folder):
        super().sync_folder(folder)
        self._step(f"sync {folder.parent.name}", folder)


def test_acknowledged_after_the_file_and_its_folder_are_on_disk(tmp_path):
    disk = Steps()
    spool = tmp_path / "spool"
    with running(settings(spool, quiet_time=60.0), FakeProcessor(), disk=disk) as service:
        disk.steps.clear()
        assert send(service.port, image()) == [0x0000]
        # The study's folder is new: its name is synchronised too, in spool/received.
        assert disk.steps == [
            "write receiving",
            "sync spool",
            "rename received",
            "sync received",
            "sync spool",
        ]


@pytest.mark.parametrize(
    "failing", ["write receiving", "sync spool", "rename received", "sync received"]
)
def test_not_acknowledged_if_any_step_fails(tmp_path, log, failing):
    disk = Steps()
    chosen = settings(tmp_path / "spool", quiet_time=60.0)
    one = image(seed=1)
    with running(chosen, FakeProcessor(), log, disk) as service:
        disk.failing = failing
        assert send(service.port, one) == [0xA700]
        assert send(service.port, one) == [0xA700]
        disk.failing = None
        assert folders(tmp_path / "spool", "receiving") == []
        disk.steps.clear()
        assert send(service.port, one, image(seed=2)) == [0x0000, 0x0000]
        # Only now is it certain that it is on the disk.
        assert "sync received" in disk.steps
        assert len(received(service)) == 2
    assert "No space left on device" in reasons(log)[0]
    assert str(tmp_path) not in reasons(log)[0]


@pytest.mark.parametrize("failing", ["rename received", "sync received"])
@pytest.mark.parametrize("again", [True, False])
def test_an_image_whose_acknowledgement_failed_is_processed(tmp_path, archive, failing, again):
    disk = Steps()
    chosen = settings(tmp_path / "spool", archive.url)
    one = image()
    with running(chosen, FakeProcessor(), disk=disk) as service:
        disk.failing = failing
        assert send(service.port, one) == [0xA700]
        disk.failing = None
        if again:
            assert send(service.port, one) == [0x0000]
        if again or failing == "sync received":
            wait_until(lambda: folders(tmp_path / "spool", "done"))
    assert len(archive.stored) == (again or failing == "sync received")


def test_no_more_is_accepted_when_the_disk_is_nearly_full(tmp_path):
    with running(settings(tmp_path, reserve_mb=1e12), FakeProcessor()) as service:
        assert send(service.port, image()) == [0xA700]
        assert alive(service)


def test_connections_that_ask_for_nothing_keep_nobody_out(tmp_path):
    with running(settings(tmp_path, max_associations=1), FakeProcessor()) as service:
        for _ in range(3):
            socket.create_connection(("127.0.0.1", service.port), timeout=10).close()
        wait_until(lambda: alive(service), seconds=5.0)


def test_more_associations_than_allowed_are_rejected(tmp_path):
    with running(settings(tmp_path, max_associations=1), FakeProcessor()) as service:
        with association(service.port) as first, association(service.port) as second:
            assert first.is_established
            assert second.is_rejected
        (error,) = service.status()["last_errors"]
        assert error["reason"] == "SENDER: 1 associations at once (--max-associations)"
        wait_until(lambda: alive(service))
