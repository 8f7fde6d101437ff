"""What belongs together in the folder ``deploy``."""

import json
import re
import tomllib

import yaml

from monai_covid import __version__
from tests.conftest import REPOSITORY
from tests.deploy.conftest import DEPLOY


def test_every_module_of_the_application_is_packaged(deploy):
    modules = {path.name for path in DEPLOY.glob("*.py")} - {"listen.py", "package.py"}
    assert set(deploy("package").APPLICATION) == modules | {"operators"}


def test_the_version_of_the_application_is_that_of_the_library():
    config = yaml.safe_load((DEPLOY / "app.yaml").read_text())
    assert config["application"]["version"] == __version__
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert compose["services"]["monai-covid"]["image"] == f"monai-covid:{__version__}"


def test_the_packager_and_the_requirements_agree_on_the_version_of_holoscan():
    (version,) = json.loads((DEPLOY / "artifacts.json").read_text())
    required = (DEPLOY / "requirements.txt").read_text()
    assert re.findall(r"^holoscan-cu13==(.+)$", required, re.MULTILINE) == [version]


def test_the_library_never_imports_the_application():
    included = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert included["packages"]["find"]["include"] == ["monai_covid*"]
    for path in (REPOSITORY / "monai_covid").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) (holoscan|monai\.deploy)", path.read_text(), re.M)
