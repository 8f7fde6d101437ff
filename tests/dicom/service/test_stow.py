"""Sending by STOW-RS: which answers count as stored, and that credentials stay secret."""

import base64
import io
import json

import pytest

from monai_covid.dicom.service.destinations import UnreachableError, parse_destination
from monai_covid.dicom.service.logs import service_logging
from monai_covid.dicom.service.stow import PASSWORD, TOKEN, USER, StowSender, credentials
from monai_covid.errors import OptionError
from tests.dicom.instances import instance, picture, saved
from tests.dicom.service.certificates import self_signed
from tests.dicom.service.peers import free_port, send, wait_until
from tests.dicom.service.running import running, settings
from tests.dicom.service.stow_server import StowServer, stow_answer
from tests.dicom.service.studies import FakeProcessor, image, result_uid


@pytest.fixture
def server():
    one = StowServer()
    yield one
    one.stop()


def store(tmp_path, url, *datasets, **others):
    files = [saved(one, tmp_path / f"{index}.dcm") for index, one in enumerate(datasets)]
    stored = []
    sender = StowSender(parse_destination(url), settings(tmp_path, url, **others))
    problems = sender(files, stored.append, lambda: False)
    return [file.name for file in stored], [one.reason for one in problems]


def test_stored(tmp_path, server):
    large = instance(picture(1200, 1000), StudyInstanceUID="1.2", SeriesInstanceUID="1.3")
    one = image()
    assert store(tmp_path, server.url, one, large) == (["0.dcm", "1.dcm"], [])
    assert server.stored == [one.SOPInstanceUID, large.SOPInstanceUID]
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("status", [200, 202, 409])
def test_an_instance_that_is_listed_as_failed_is_not_stored(tmp_path, server, status):
    answers = iter([(status, 0xA700), (200, None)])
    server.answer = lambda uid: next(answers)
    stored, problems = store(tmp_path, server.url, image(), image())
    assert stored == ["1.dcm"]
    assert len(problems) == 1
    assert "failure reason 0xA700" in problems[0]


@pytest.mark.parametrize("parameter", ["", "; charset=utf-8", ";charset=UTF-8"])
@pytest.mark.parametrize("kind", ["application/dicom+json", "application/json"])
def test_answers_are_read_whatever_the_parameters_of_their_type(tmp_path, server, kind, parameter):
    answers = iter([(202, 0xA700), (200, None)])
    server.answer = lambda uid: next(answers)
    server.content_type = kind + parameter
    stored, problems = store(tmp_path, server.url, image(), image())
    assert stored == ["1.dcm"]
    assert "failure reason 0xA700" in problems[0]


XML = """<?xml version="1.0" encoding="utf-8"?>
<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence">
<Item number="1"><DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">
<Value number="1">{}</Value></DicomAttribute></Item></DicomAttribute></NativeDicomModel>"""


def test_answers_in_xml_are_read_too(tmp_path, server):
    one = image()
    server.content_type = "application/dicom+xml; charset=utf-8"
    server.body = XML.format(one.SOPInstanceUID).encode()
    assert store(tmp_path, server.url, one) == (["0.dcm"], [])
    stored, problems = store(tmp_path, server.url, image())
    assert stored == []
    assert "was not confirmed" in problems[0]


@pytest.mark.parametrize(("reason", "stored"), [(0x0111, True), (0xB007, True), (0x0110, False)])
def test_a_failure_in_xml_is_read_too(tmp_path, server, reason, stored):
    one = image()
    failed = XML.replace("00081199", "00081198").replace("Referenced", "Failed", 1)
    number = f'<DicomAttribute tag="00081197" vr="US"><Value>{reason}</Value></DicomAttribute>'
    namespace = "<NativeDicomModel xmlns='http://dicom.nema.org/PS3.19/models/NativeDICOM'>"
    failed = failed.replace("</Item>", f"{number}</Item>").replace("<NativeDicomModel>", namespace)
    server.answer = lambda uid: (409, reason)
    server.content_type = "application/dicom+xml"
    server.body = failed.format(one.SOPInstanceUID).encode()
    names, problems = store(tmp_path, server.url, one)
    assert names == (["0.dcm"] if stored else [])
    assert stored or "failure reason 0x0110" in problems[0]


@pytest.mark.parametrize("kind", ["", "text/plain", "text/html", "application/octet-stream"])
@pytest.mark.parametrize("reason", [None, 0x0111, 0x0122])
@pytest.mark.parametrize("form", ["{}", "[{}]", "\ufeff{}"])
def test_answers_are_read_by_their_content(tmp_path, server, kind, reason, form):
    one = image()
    server.content_type = kind
    server.body = form.replace("{}", stow_answer(one.SOPInstanceUID, reason).decode()).encode()
    stored, problems = store(tmp_path, server.url, one)
    assert stored == ([] if reason == 0x0122 else ["0.dcm"])
    assert stored or "failure reason 0x0122" in problems[0]


def test_what_else_an_answer_holds_does_not_matter(tmp_path, server):
    one = image()
    answer = json.loads(stow_answer(one.SOPInstanceUID, None))
    server.body = json.dumps({**answer, "00081190": {"vr": "UR", "Value": 1}, "foo": 1}).encode()
    assert store(tmp_path, server.url, one) == (["0.dcm"], [])


@pytest.mark.parametrize(("text", "is_there"), [("It Already Exists", True), ("conflict", False)])
def test_a_conflict_may_say_in_words_that_the_server_has_it(tmp_path, server, text, is_there):
    server.answer, server.content_type = lambda uid: (409, None), "text/plain"
    server.body = text.encode()
    stored, problems = store(tmp_path, server.url, image())
    assert (stored == ["0.dcm"], not problems) == (is_there, is_there)


def test_a_connection_that_ends_instead_of_an_answer_may_be_due_to_the_instance(tmp_path, server):
    server.breaks_off = lambda dataset: True
    with pytest.raises(UnreachableError, match="no connection") as caught:
        store(tmp_path, server.url, image())
    assert caught.value.may_be_the_kind


OTHER = b'{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3"]}}]}}'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>Please log in</html>"),
        ("application/dicom+json", b"<html>Please log in</html>"),
        ("application/dicom+json", b""),
        ("application/dicom+json", b"{}"),
        ("application/dicom+json", b"[]"),
        ("application/dicom+json", b'{"00081199": {"vr": "SQ"}}'),
        ("application/dicom+json", OTHER),
        ("application/dicom+xml", b"<html>Please log in"),
        ("application/dicom+xml", b"<html><p>Please log in</p></html>"),
        ("", b"stored"),
    ],
)
def test_what_does_not_say_that_it_is_stored_confirms_nothing(tmp_path, server, kind, body):
    server.content_type, server.body = kind, body
    stored, problems = store(tmp_path, server.url, image())
    assert stored == []
    assert len(problems) == 1
    assert "was not confirmed" in problems[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(tmp_path, server, status):
    server.answer = lambda uid: (status, None)
    server.location = "/login"
    with pytest.raises(UnreachableError, match="redirected"):
        store(tmp_path, server.url, image())
    assert (len(server.headers), server.gets) == (1, 0)


def test_what_the_environment_has_for_others_is_not_used(tmp_path, server, monkeypatch):
    nobody = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password hush\n")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert store(tmp_path, server.url, image()) == (["0.dcm"], [])
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_given_authority_counts_whatever_the_environment_says(tmp_path, monkeypatch, variable):
    own, other = (self_signed(tmp_path, name) for name in ("own", "other"))
    server = StowServer(own)
    monkeypatch.setenv(variable, str(other[0]))
    try:
        assert store(tmp_path, server.url, image(), send_ca=own[0]) == (["0.dcm"], [])
        monkeypatch.setenv(variable, str(own[0]))
        with pytest.raises(UnreachableError, match="certificate not accepted: self-signed"):
            store(tmp_path, server.url, image(), send_ca=other[0])
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("url", "password", "warned"),
    [
        ("http://pacs.example/dicom-web", "hush", True),
        ("http://192.0.2.1/dicom-web", "hush", True),
        ("https://pacs.example/dicom-web", "hush", False),
        ("http://localhost/dicom-web", "hush", False),
        ("http://127.0.0.2/dicom-web", "hush", False),
        ("http://[::1]/dicom-web", "hush", False),
        ("http://pacs.example/dicom-web", None, False),
    ],
)
def test_credentials_that_others_can_read_are_warned_of(
    tmp_path, monkeypatch, url, password, warned
):
    if password:
        monkeypatch.setenv(TOKEN, password)
    log = io.StringIO()
    with service_logging("json", log):
        StowSender(parse_destination(url), settings(tmp_path, url))
    assert ("credentials without TLS" in log.getvalue()) == warned
    assert "hush" not in log.getvalue()


@pytest.mark.parametrize("reason", [0x0111, 0xB000, 0xB006, 0xB00E])
@pytest.mark.parametrize("status", [200, 202, 409])
def test_an_instance_that_the_server_has_already_is_stored(tmp_path, server, status, reason):
    server.answer = lambda uid: (status, reason)
    assert store(tmp_path, server.url, image()) == (["0.dcm"], [])


@pytest.mark.parametrize(
    ("text", "is_there"), [("Already exists", True), ("quota exceeded", False), (None, False)]
)
def test_a_general_failure_may_say_in_words_that_the_server_has_it(
    tmp_path, server, text, is_there
):
    one = image()
    item = {
        "00081155": {"vr": "UI", "Value": [one.SOPInstanceUID]},
        "00081197": {"vr": "US", "Value": [0x0110]},
    }
    if text is not None:
        item["00090097"] = {"vr": "LT", "Value": [text]}
    server.answer = lambda uid: (409, 0x0110)
    server.body = json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()
    stored, problems = store(tmp_path, server.url, one)
    assert (stored == ["0.dcm"], not problems) == (is_there, is_there)


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        *(((200, 0x0122), True), ((409, 0xA901), True), ((200, 0xA700), False)),
        *(((409, 0xC000), False), ((415, None), True), ((406, None), True)),
        *(((400, None), False), ((500, None), False)),
    ],
)
def test_which_refusals_are_final(tmp_path, server, answer, final):
    server.answer = lambda uid: answer
    file = saved(image(), tmp_path / "0.dcm")
    sender = StowSender(parse_destination(server.url), settings(tmp_path, server.url))
    (problem,) = sender([file], lambda file: None, lambda: False)
    assert problem.final == final


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_failure_that_may_be_the_instances_does_not_keep_others_back(tmp_path, server, status):
    answers = iter([(status, None), (200, None)])
    server.answer = lambda uid: next(answers)
    stored, problems = store(tmp_path, server.url, image(), image())
    assert stored == ["1.dcm"]
    assert problems[0].endswith(f"was answered with HTTP status {status}")


@pytest.mark.parametrize("status", [401, 404, 503])
def test_other_failures_are_told_by_their_status(tmp_path, server, status):
    server.answer = lambda uid: (status, None)
    with pytest.raises(UnreachableError, match=f"HTTP status {status}"):
        store(tmp_path, server.url, image())


def test_nobody_listens(tmp_path):
    with pytest.raises(UnreachableError, match="no connection"):
        store(tmp_path, f"http://127.0.0.1:{free_port()}/dicom-web", image())


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        (
            {USER: "someone", PASSWORD: "hush"},
            f"Basic {base64.b64encode(b'someone:hush').decode()}",
        ),
        ({TOKEN: "hush"}, "Bearer hush"),
    ],
)
def test_credentials_come_from_the_environment_and_are_not_logged(
    tmp_path, server, monkeypatch, environment, header
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answers = iter([(401, None), (200, None)])
    server.answer = lambda uid: next(answers)
    log = io.StringIO()
    one = image()
    with running(settings(tmp_path, server.url), FakeProcessor(), log) as service:
        send(service.port, one)
        wait_until(lambda: server.stored)
    assert server.stored == [result_uid(one.SOPInstanceUID)]
    assert {one["Authorization"] for one in server.headers} == {header}
    assert "HTTP status 401" in log.getvalue()
    assert "hush" not in log.getvalue()


@pytest.mark.parametrize(
    "environment", [{USER: "x"}, {PASSWORD: "x"}, {USER: "x", PASSWORD: "y", TOKEN: "z"}]
)
def test_incomplete_credentials(environment):
    with pytest.raises(OptionError, match=USER):
        credentials(environment)
