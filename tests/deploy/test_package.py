"""What the packager of holoscan-cli makes of the application, up to the call of docker."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from monai_covid import __version__
from monai_covid.models.default_model import find_model
from tests.conftest import REPOSITORY
from tests.deploy.conftest import DEPLOY
from tests.deploy.dockerfile import instructions, texts

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    # From a copy: a build leaves folders in the source tree.
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "monai_covid", source / "monai_covid", ignore=ignored)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Packaged:
    """A run of the packaging script with docker replaced."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        """Run it."""
        (folder / "bin").mkdir()
        docker = folder / "bin" / "docker"
        docker.write_text(
            f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_docker.py")} "$@"\n'
        )
        docker.chmod(0o755)
        (folder / "model.pt").write_bytes(b"weights")
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        self.process = subprocess.run(
            [
                *(sys.executable, DEPLOY / "package.py", "--wheel", wheel),
                *("--model", folder / "model.pt", "--tag", "monai-covid:test"),
                *("--build-cache", folder / "cache"),
            ],
            env={**os.environ, "PATH": path, "FAKE_DOCKER": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = self.process.stdout + self.process.stderr
        assert (folder / "context").is_dir(), said
        self.context = folder / "context"
        self.calls = [
            json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()
        ]
        self.dockerfile = (self.context / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def packaged(tmp_path_factory, wheel):
    return Packaged(tmp_path_factory.mktemp("packaged"), wheel)


def test_one_image_is_built_for_this_platform(packaged):
    (build,) = [call for call in packaged.calls if call[:2] == ["buildx", "build"]]
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert build[build.index("--tag") + 1].startswith("monai-covid-x64-workstation")
    assert build[build.index("--tag") + 1].endswith(":test")


def test_the_application_manifest_starts_the_application(packaged):
    manifest = json.loads((packaged.context / "map" / "app.json").read_text())
    program, file = json.loads(manifest["command"])
    assert program == "python3"
    assert _in_context(packaged, file).read_bytes() == (DEPLOY / "app.py").read_bytes()
    assert manifest["input"]["formats"] == manifest["output"]["formats"] == ["file"]
    assert (manifest["sdk"], manifest["sdkVersion"]) == ("monai-deploy", "4.0.0")
    assert manifest["version"] == __version__
    # The probes of holoscan ask a gRPC server, which an application that ends by itself has not.
    assert manifest["liveness"] is manifest["readiness"] is None


def test_the_package_manifest_tells_where_the_model_is_and_asks_for_no_gpu(packaged):
    manifest = json.loads((packaged.context / "map" / "pkg.json").read_text())
    config = yaml.safe_load((DEPLOY / "app.yaml").read_text())
    assert manifest["resources"] == config["resources"]
    assert manifest["resources"]["gpu"] == 0
    models = packaged.context / "models"
    assert manifest["modelRoot"] == "/opt/holoscan/models"
    assert find_model(models).read_bytes() == b"weights"


def _in_context(packaged: Packaged, target: str) -> Path:
    """The file of the build context that becomes ``target`` in the image."""
    for text in texts(packaged.dockerfile, "COPY"):
        source, destination = text.split()
        if Path(target).is_relative_to(destination):
            return packaged.context / source / Path(target).relative_to(destination)
    raise AssertionError(f"{target} is copied by no instruction")


def test_the_dockerfile_copies_what_is_there_and_ends_as_a_user(packaged):
    for text in texts(packaged.dockerfile, "COPY"):
        assert (packaged.context / text.split()[0]).exists(), text
    names = [one.name for one in instructions(packaged.dockerfile)]
    assert "USER" in names
    assert "HEALTHCHECK" not in names
    assert texts(packaged.dockerfile, "ENTRYPOINT") == ['["/var/holoscan/tools"]']
    assert "RUN pip install monai-deploy-app-sdk==4.0.0" in packaged.dockerfile


def test_requirements_are_those_of_the_sdk_and_of_the_library_all_pinned(packaged):
    lines = (packaged.context / "pip" / "requirements.txt").read_text().splitlines()
    required = [line for line in lines if not line.startswith("#")]
    assert {"holoscan-cu13==4.2.0", "monai-deploy-app-sdk==4.0.0"} <= set(required)
    assert all(re.fullmatch(r"[\w.-]+==[\w.+]+", line) for line in required), required
    names = {line.split("==")[0].lower() for line in required}
    assert {"torch", "monai", "pydicom", "highdicom", "python-gdcm"} <= names
    assert not names & {"pytest", "mlflow-skinny", "onnx", "pylibjpeg-libjpeg"}


def test_the_packaged_application_runs_with_the_library_beside_it(packaged, tmp_path):
    (tmp_path / "in").mkdir()
    application = packaged.context / "app"
    finished = subprocess.run(
        [sys.executable, application / "app.py", "-i", tmp_path / "in", "-m", tmp_path / "in"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    # As far as it comes without a model: everything is imported, and from the package.
    assert finished.returncode == 2, finished.stderr
    assert "no model file" in finished.stderr
    asked = (
        "import importlib.metadata, monai_covid;"
        "print(monai_covid.__file__, importlib.metadata.version('monai-covid'))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=application, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(application / "monai_covid" / "__init__.py"), __version__]


def test_the_entry_point_of_the_image_hides_the_exit_status(packaged, tmp_path):
    """What deploy/README.md warns of; if this fails, the packager has been mended."""
    manifest = tmp_path / "app.json"
    manifest.write_text(json.dumps({"command": json.dumps(["false"])}))
    finished = subprocess.run(
        ["bash", packaged.context / "tools"],
        env={**os.environ, "HOLOSCAN_APP_MANIFEST_PATH": str(manifest)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Application exited with 1." in finished.stdout + finished.stderr
    assert finished.returncode == 0
