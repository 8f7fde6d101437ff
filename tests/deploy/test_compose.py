"""The compose file, Orthanc's configuration and its routing, read but not started."""

import json
import re

import pytest
import yaml
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
)

from monai_covid.cli.main import build_parser
from monai_covid.dicom.service.destinations import parse_destinations
from monai_covid.dicom.service.options import settings_of
from tests.deploy.conftest import DEPLOY
from tests.deploy.dockerfile import texts


@pytest.fixture
def services() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


@pytest.fixture
def orthanc() -> dict:
    return json.loads((DEPLOY / "orthanc" / "orthanc.json").read_text())


@pytest.fixture
def settings(services):
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (entry_point,) = texts(dockerfile, "ENTRYPOINT")
    arguments = [*json.loads(entry_point)[1:], *services["monai-covid"]["command"]]
    return settings_of(build_parser(["listen"]).parse_args(arguments), also=("model", "device"))


def test_bound_files_exist_and_named_volumes_are_declared(services):
    declared = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["volumes"]
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
            else:
                assert source in declared


def test_the_image_is_built_from_the_dockerfile_here(services):
    build = services["monai-covid"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_the_service_keeps_what_it_acknowledged(services, settings):
    targets = [volume.split(":")[1] for volume in services["monai-covid"]["volumes"]]
    assert str(settings.spool) in targets
    grace = services["monai-covid"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > settings.stop_wait


def test_orthanc_sends_to_the_service_and_the_service_to_orthanc(services, settings, orthanc):
    modality = orthanc["DicomModalities"]["monai-covid"]
    assert modality["Host"] in services
    assert (modality["AET"], modality["Port"]) == (settings.ae_title, settings.port)
    assert settings.allow == (orthanc["DicomAet"],)
    (destination,) = parse_destinations(settings.send_to)
    assert destination.host in services
    assert (destination.ae_title, destination.port) == (orthanc["DicomAet"], orthanc["DicomPort"])


def test_nothing_listens_beyond_this_machine_and_no_password_is_given(services, orthanc):
    ports = [port for service in services.values() for port in service["ports"]]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert orthanc["AuthenticationEnabled"] is True
    assert "RegisteredUsers" not in orthanc
    users = services["orthanc"]["environment"]["ORTHANC__REGISTERED_USERS"]
    assert re.fullmatch(r'\{"admin": "\$\{ORTHANC_PASSWORD:\?[^}]+\}"\}', users)


def test_the_routing_script_is_loaded_and_routes_to_the_configured_modality(services, orthanc):
    mounted = {v.split(":")[1]: v.split(":")[0] for v in services["orthanc"]["volumes"]}
    (script,) = orthanc["LuaScripts"]
    text = (DEPLOY / mounted[script]).read_text()
    assert re.findall(r"/modalities/([^/]+)/store", text) == list(orthanc["DicomModalities"])


def test_radiographs_are_routed_and_results_are_not():
    text = (DEPLOY / "orthanc" / "route.lua").read_text()
    assert set(re.findall(r"\['([\d.]+)'\] = true", text)) == {
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
    }
