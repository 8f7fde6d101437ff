"""Sending by STOW-RS: which answers count as stored, and that credentials stay secret."""

import base64
import io

import pytest

from monai_covid.errors import OptionError
from monai_covid.pacs.destinations import UnreachableError, parse_destination
from monai_covid.pacs.stow import PASSWORD, TOKEN, USER, StowSender, credentials
from tests.dicom.instances import instance, picture, saved
from tests.pacs.peers import free_port, send, wait_until
from tests.pacs.running import running, settings
from tests.pacs.stow_server import StowServer
from tests.pacs.studies import FakeProcessor, image, result_uid


@pytest.fixture
def server():
    one = StowServer()
    yield one
    one.stop()


def store(tmp_path, url, *datasets):
    files = [saved(one, tmp_path / f"{index}.dcm") for index, one in enumerate(datasets)]
    stored = []
    sender = StowSender(parse_destination(url), settings(tmp_path, url))
    problems = sender(files, stored.append, lambda: False)
    return [file.name for file in stored], problems


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


def test_an_instance_that_the_server_has_already_is_stored(tmp_path, server):
    server.answer = lambda uid: (409, 0x0111)
    assert store(tmp_path, server.url, image()) == (["0.dcm"], [])


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
