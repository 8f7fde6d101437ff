"""Sending by C-STORE: which answers count as stored."""

import socket

import pytest
from pydicom import dcmread
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SegmentationStorage,
)

from monai_covid.dicom.service.c_store import CStoreSender
from monai_covid.dicom.service.destinations import UnreachableError, parse_destination
from tests.dicom.instances import in_syntax, saved
from tests.dicom.service.peers import Archive, free_port
from tests.dicom.service.running import settings
from tests.dicom.service.studies import image


def send(tmp_path, url, *datasets, stopping=lambda: False):
    files = [saved(one, tmp_path / f"{index}.dcm") for index, one in enumerate(datasets)]
    stored = []
    sender = CStoreSender(parse_destination(url), settings(tmp_path, url), None)
    problems = sender(files, stored.append, stopping)
    return [file.name for file in stored], [one.reason for one in problems]


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB007, 0x0111])
def test_stored(tmp_path, archive, status):
    archive.answer = lambda dataset: status
    assert send(tmp_path, archive.url, image()) == (["0.dcm"], [])


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0x0122])
def test_not_stored(tmp_path, archive, status):
    answers = iter([status, 0x0000])
    archive.answer = lambda dataset: next(answers)
    stored, problems = send(tmp_path, archive.url, image(), image())
    assert stored == ["1.dcm"]
    kind = ComputedRadiographyImageStorage.name
    assert problems == [f"{kind} was answered with status 0x{status:04X}"]


def test_in_the_syntax_that_each_result_is_in(tmp_path, archive):
    plain, packed = image(), in_syntax(image(), "1.2.840.10008.1.2.5")
    assert send(tmp_path, archive.url, plain, packed)[0] == ["0.dcm", "1.dcm"]
    assert sorted(archive.stored) == sorted([plain.SOPInstanceUID, packed.SOPInstanceUID])


def test_a_class_that_is_not_accepted_is_named_and_the_others_are_stored(tmp_path):
    archive = Archive(classes=[ComputedRadiographyImageStorage]).start()
    other = image(SOPClassUID=SegmentationStorage)
    other.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    stored, problems = send(tmp_path, archive.url, other, image())
    archive.stop()
    assert stored == ["1.dcm"]
    assert problems == ["Segmentation Storage is not accepted"]


def test_none_of_the_classes_is_accepted(tmp_path):
    archive = Archive(classes=[ComputedRadiographyImageStorage]).start()
    other = image(SOPClassUID=SegmentationStorage)
    other.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    file = saved(other, tmp_path / "0.dcm")
    sender = CStoreSender(parse_destination(archive.url), settings(tmp_path, archive.url), None)
    (problem,) = sender([file], lambda file: None, lambda: False)
    archive.stop()
    assert problem.final
    assert (problem.file, problem.kind) == (file, "Segmentation Storage")


@pytest.mark.parametrize(
    ("status", "final"),
    [
        *((0xA700, False), (0xA8FF, False), (0xA900, True), (0xA9FF, True), (0xAA00, False)),
        *((0xC000, False), (0x0110, False), (0x0122, True), (0x0124, False)),
    ],
)
def test_which_refusals_are_final(tmp_path, archive, status, final):
    archive.answer = lambda dataset: status
    file = saved(image(), tmp_path / "0.dcm")
    sender = CStoreSender(parse_destination(archive.url), settings(tmp_path, archive.url), None)
    (problem,) = sender([file], lambda file: None, lambda: False)
    assert problem.final == final


def test_nobody_listens(tmp_path):
    with pytest.raises(UnreachableError, match=r"no connection \(Connection refused\)"):
        send(tmp_path, f"dicom://X@127.0.0.1:{free_port()}", image())


def test_rejected(tmp_path):
    archive = Archive(only_called=True).start()
    with pytest.raises(UnreachableError, match="Called AE title not recognised"):
        send(tmp_path, archive.url.replace("ARCHIVE", "ELSE"), image())
    archive.stop()


def test_nothing_more_is_sent_when_it_stops(tmp_path, archive):
    stored, problems = send(
        tmp_path, archive.url, image(), image(), stopping=lambda: bool(archive.stored)
    )
    assert (stored, problems) == (["0.dcm"], [])


def sender_and_file(folder, url):
    file = saved(image(), folder / "0.dcm")
    return CStoreSender(parse_destination(url), settings(folder, url), None), file


def test_an_answer_is_only_for_who_waits_for_it(tmp_path, archive):
    sender, file = sender_and_file(tmp_path, archive.url)
    association = sender._association([file])
    association.dimse.msg_queue.put((1, "an answer"))
    # As the library's own thread looks for messages.
    assert association.dimse.get_msg(block=False) == (None, None)
    assert association.dimse.get_msg(block=True) == (1, "an answer")
    association.release()


def test_the_end_of_a_message_is_sent_at_once(tmp_path, archive):
    sender, file = sender_and_file(tmp_path, archive.url)
    association = sender._association([file])
    connection = association.dul.socket.socket
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    association.release()


@pytest.mark.parametrize(
    ("taken", "as_it_is"), [(ExplicitVRLittleEndian, True), (ImplicitVRLittleEndian, False)]
)
def test_converted_only_if_it_must_be(tmp_path, taken, as_it_is):
    archive = Archive(syntaxes=[taken]).start()
    file = saved(image(), tmp_path / "0.dcm")
    assert dcmread(file).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert send(tmp_path, archive.url, image()) == (["0.dcm"], [])
    archive.stop()
    (received,) = archive.encoded
    (kept,) = archive.datasets
    assert file.read_bytes().endswith(received) == as_it_is
    assert kept.PixelData == dcmread(file).PixelData
    assert kept.PatientName == dcmread(file).PatientName
