"""A kind of result that a destination does not bear, without saying so, holds up nothing else."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from monai_covid.dicom.service.c_store import CStoreSender
from monai_covid.dicom.service.destinations import (
    Problem,
    UnclearError,
    UnreachableError,
    parse_destination,
)
from monai_covid.dicom.service.kinds import KindByKind
from monai_covid.dicom.service.stow import StowSender
from tests.dicom.instances import saved
from tests.dicom.service.peers import Archive
from tests.dicom.service.running import settings
from tests.dicom.service.stow_server import StowServer
from tests.dicom.service.studies import image

KINDS = [
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
]
every_kind = pytest.mark.parametrize("bad", KINDS, ids=lambda uid: uid.name)


@pytest.fixture
def results(tmp_path):
    """A file of each kind."""
    return {kind: saved(result(kind), tmp_path / f"{kind.name}.dcm") for kind in KINDS}


def result(kind):
    one = image("1.2.3", SOPClassUID=kind)
    one.file_meta.MediaStorageSOPClassUID = kind
    return one


def send(sender, files):
    stored = []
    problems = sender(list(files), stored.append, lambda: False)
    return stored, problems


class Fake:
    """A sender that fails at some kinds, and remembers its calls."""

    def __init__(self, *bad, may_be_the_kind=True):
        self.bad, self.may_be_the_kind = [kind.name for kind in bad], may_be_the_kind
        self.calls = []

    def __call__(self, files, stored, stopping):
        self.calls.append([file.stem for file in files])
        for file in files:
            if file.stem in self.bad:
                raise UnreachableError("broken off", self.may_be_the_kind)
            stored(file)
        return []


@every_kind
def test_the_others_are_sent_and_the_kind_is_a_problem(results, bad):
    sender = KindByKind(Fake(bad))
    stored, problems = send(sender, results.values())
    assert set(stored) == {file for kind, file in results.items() if kind != bad}
    assert len(stored) == 3
    assert problems == [Problem(results[bad], bad.name, f"{bad.name}: broken off")]


def test_a_kind_that_failed_where_others_did_not_is_sent_apart_until_it_is_taken(results):
    fake = Fake(KINDS[0])
    sender = KindByKind(fake)
    send(sender, results.values())
    # Alone it is no sign that the destination is gone.
    assert len(send(sender, [results[KINDS[0]]])[1]) == 1
    fake.calls.clear()
    send(sender, results.values())
    assert fake.calls == [[kind.name for kind in KINDS[1:]], [KINDS[0].name]]
    fake.bad.clear()
    assert len(send(sender, results.values())[0]) == 4
    fake.calls.clear()
    send(sender, results.values())
    assert fake.calls == [[kind.name for kind in KINDS]]


def test_a_destination_that_takes_nothing_is_unreachable(results):
    with pytest.raises(UnreachableError, match="broken off"):
        send(KindByKind(Fake(*KINDS)), results.values())


def test_a_destination_that_goes_away_in_the_middle_of_a_study_refuses_nothing(results):
    fake = Fake(*KINDS[1:])
    sender = KindByKind(fake)
    assert len(send(sender, results.values())[1]) == 3
    left = [results[kind] for kind in KINDS[1:]]
    for _ in range(3):
        with pytest.raises(UnclearError, match="broken off"):
            send(sender, left)
    other = results[KINDS[0]]
    fake.bad.append(KINDS[0].name)
    with pytest.raises(UnreachableError) as caught:
        send(sender, [*left, other])
    assert not isinstance(caught.value, UnclearError)
    fake.bad.clear()
    assert send(sender, left) == (left, [])


def test_each_result_of_a_kind_counts_as_often_as_something_was_answered_since(results, tmp_path):
    bad, good = KINDS[3], results[KINDS[0]]
    files = [results[bad], *(tmp_path / str(number) / f"{bad.name}.dcm" for number in range(2))]
    for file in files[1:]:
        file.parent.mkdir()
        file.write_bytes(files[0].read_bytes())
    sender = KindByKind(Fake(bad))
    for file in files:
        assert len(send(sender, [good, file])[1]) == 1
    for file in files[:2]:
        assert len(send(sender, [file])[1]) == 1
    for file in files:
        with pytest.raises(UnclearError):
            send(sender, [file])
    send(sender, [good])
    assert [len(send(sender, [file])[1]) for file in files] == [1, 1, 1]


def test_what_is_not_due_to_a_kind_is_not_tried_again(results):
    fake = Fake(KINDS[0], may_be_the_kind=False)
    with pytest.raises(UnreachableError, match="broken off"):
        send(KindByKind(fake), results.values())
    assert len(fake.calls) == 1


@every_kind
@pytest.mark.parametrize("way", ["rejects", "aborts"])
def test_an_archive_that_ends_associations_because_of_a_kind(tmp_path, results, bad, way):
    archive = Archive().start()
    archive.rejects = lambda sop_class: way == "rejects" and sop_class == bad
    archive.aborts = lambda dataset: way == "aborts" and dataset.SOPClassUID == bad
    destination = parse_destination(archive.url)
    sender = KindByKind(CStoreSender(destination, settings(tmp_path, archive.url), None))
    stored, problems = send(sender, results.values())
    archive.stop()
    assert set(stored) == set(results.values()) - {results[bad]}
    assert [(problem.kind, problem.final) for problem in problems] == [(bad.name, False)]


@every_kind
@pytest.mark.parametrize("way", ["breaks off", 403, 502, 503])
def test_a_web_server_that_does_not_answer_to_a_kind(tmp_path, results, bad, way):
    server = StowServer()
    uid = dcmread(results[bad]).SOPInstanceUID
    if way == "breaks off":
        server.breaks_off = lambda dataset: dataset.SOPClassUID == bad
    else:
        server.answer = lambda sent: (way if sent == uid else 200, None)
    sender = KindByKind(StowSender(parse_destination(server.url), settings(tmp_path, server.url)))
    stored, problems = send(sender, results.values())
    server.stop()
    assert set(stored) == set(results.values()) - {results[bad]}
    assert [(problem.kind, problem.final) for problem in problems] == [(bad.name, False)]


@pytest.mark.parametrize("way", ["C-STORE", "STOW-RS"])
def test_what_is_deleted_as_soon_as_it_is_stored_is_no_problem(tmp_path, results, way):
    """As when the disk is full and all destinations have it."""
    peer = Archive().start() if way == "C-STORE" else StowServer()
    destination, chosen = parse_destination(peer.url), settings(tmp_path, peer.url)
    inner = (
        CStoreSender(destination, chosen, None)
        if way == "C-STORE"
        else StowSender(destination, chosen)
    )
    problems = KindByKind(inner)(list(results.values()), Path.unlink, lambda: False)
    peer.stop()
    assert problems == []
    assert len(peer.stored) == len(KINDS)
    assert not any(file.exists() for file in results.values())
