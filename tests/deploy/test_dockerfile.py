"""The Dockerfile of the service, read but not built."""

import json
import re
import tomllib
from fnmatch import fnmatch
from urllib.parse import urlsplit

import pytest

from monai_covid.cli.main import COMMANDS, build_parser
from monai_covid.dicom.service.options import settings_of
from tests.conftest import REPOSITORY
from tests.deploy.conftest import DEPLOY
from tests.deploy.dockerfile import instructions, texts

TEXT = (DEPLOY / "Dockerfile").read_text()


@pytest.fixture
def entry_point() -> list[str]:
    (entry_point,) = texts(TEXT, "ENTRYPOINT")
    return json.loads(entry_point)


def test_it_has_only_known_instructions_and_starts_from_a_pinned_image():
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "EXPOSE"}
    names = [one.name for one in instructions(TEXT)]
    assert set(names) <= known | {"HEALTHCHECK", "ENTRYPOINT"}
    assert names[0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", texts(TEXT, "FROM")[0])


def test_what_is_copied_exists_and_reaches_the_builder():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = [word for text in texts(TEXT, "COPY") for word in text.split()[:-1]]
    assert copied
    assert allowed == set(copied)
    assert all((REPOSITORY / name).exists() for name in copied)
    assert "*" in ignored


def test_all_that_the_build_needs_of_the_project_is_copied():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    copied = [word for text in texts(TEXT, "COPY") for word in text.split()[:-1]]
    assert {"pyproject.toml", project["readme"], *project["license-files"]} <= set(copied)
    assert "pacs" in project["optional-dependencies"]
    assert any("'.[pacs]'" in text for text in texts(TEXT, "RUN"))
    versions = (REPOSITORY / "constraints.txt").read_text().splitlines()
    assert [line for line in versions if fnmatch(line, "torch==*")]


def test_it_does_not_run_as_root_and_owns_its_spool(entry_point):
    names = [one.name for one in instructions(TEXT)]
    (user,) = texts(TEXT, "USER")
    assert user.isdigit()
    assert int(user) > 0
    assert "RUN" not in names[names.index("USER") :]
    (volumes,) = texts(TEXT, "VOLUME")
    assert json.loads(volumes) == [entry_point[entry_point.index("--spool") + 1]]
    assert any(f"chown monai {json.loads(volumes)[0]}" in text for text in texts(TEXT, "RUN"))


def test_the_entry_point_is_the_service_with_options_that_it_knows(entry_point):
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    program, command, *_ = entry_point
    assert program in scripts
    assert command in COMMANDS
    options = build_parser([command]).parse_args([*entry_point[1:], "--send-to", "dicom://A@b:104"])
    settings = settings_of(options, also=("model", "device"))
    assert [str(settings.port), str(settings.status_port)] == texts(TEXT, "EXPOSE")[0].split()
    assert settings.host == "0.0.0.0"


def test_the_health_check_asks_the_status_pages(entry_point):
    (check,) = texts(TEXT, "HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[0] == "python"
    compile(command[2], "healthcheck", "exec")
    address = urlsplit(re.findall(r"http://[^']+", command[2])[0])
    assert address.path in ("/health", "/ready")
    assert str(address.port) == entry_point[entry_point.index("--status-port") + 1]
