"""What the MONAI Model Zoo asks of a bundle: files, versions, documentation."""

import ast
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.models.info_buffer import MODEL_INFO, from_bytes
from monai_covid.models.model_file import info_fields, load_model
from tests.bundle.offline import run_bundle, run_module
from tests.bundle.test_exports import DYNAMIC_BATCH
from tests.bundle.test_metadata import PUBLISHED
from tests.conftest import REPOSITORY
from tests.missing import missing

NECESSARY = ("LICENSE", "configs/metadata.json", "configs/inference.yaml", "configs/logging.conf")
SECTIONS = (
    "# Description",
    "# Model Overview",
    "## Data",
    "### Preprocessing",
    "## Training configuration",
    "### Input",
    "### Output",
    "## Performance",
    "## MONAI Bundle Commands",
    "# References",
    "# License",
)
LARGEST = 200_000
"""Bytes: a file above this is an image, which are not shipped, or the weights."""
WEIGHTS = "models/model.pt"


@pytest.mark.parametrize("name", NECESSARY)
def test_necessary_files(name: str, bundle: Path) -> None:
    assert (bundle / name).stat().st_size > 0


@pytest.mark.parametrize("name", ["LICENSE", "bundle/LICENSE"])
def test_licence_is_the_apache_licence(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_newest_version_is_in_the_changelog(bundle: Path) -> None:
    metadata = json.loads((bundle / "configs/metadata.json").read_text())
    versions = [tuple(map(int, version.split("."))) for version in metadata["changelog"]]
    assert tuple(map(int, metadata["version"].split("."))) == max(versions)


def test_ships_one_file_of_weights_and_no_images(bundle: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "."], cwd=bundle, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        missing("not a git checkout: what is shipped cannot be told")
    files = [bundle / name for name in listed.stdout.split("\0") if name]
    assert files
    large = [file for file in files if file.exists() and file.stat().st_size > LARGEST]
    assert large == [bundle / WEIGHTS]
    kinds = {file.suffix for file in files if file != bundle / WEIGHTS}
    assert kinds <= {"", ".yaml", ".json", ".conf", ".md", ".txt"}


def test_logging_is_to_the_console(bundle: Path) -> None:
    settings = configparser.RawConfigParser()
    settings.read(bundle / "configs/logging.conf")
    handlers = settings["handlers"]["keys"].split(",")
    assert {settings[f"handler_{name}"]["class"] for name in handlers} == {"StreamHandler"}


def test_readme_has_the_sections_in_order(bundle: Path) -> None:
    text = (bundle / "docs/README.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    places = [headings.index(section) for section in SECTIONS]
    assert places == sorted(places)
    assert RESEARCH_USE_ONLY in text


@pytest.mark.parametrize("name", ["docs/README.md", "models/README.md", "docs/data_license.txt"])
def test_documents_say_what_the_bundle_is_for(name: str, bundle: Path) -> None:
    assert RESEARCH_USE_ONLY in (bundle / name).read_text()


@pytest.mark.parametrize("name", ["docs/README.md", "models/README.md"])
def test_links_lead_somewhere(name: str, bundle: Path) -> None:
    document = bundle / name
    links = re.findall(r"\]\(([^)]+)\)", document.read_text())
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def readme_commands(bundle: Path) -> list[list[str]]:
    blocks = re.findall(r"```bash\n(.*?)```", (bundle / "docs/README.md").read_text(), re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", "")
    return [shlex.split(line) for line in joined.splitlines()]


def test_commands_name_files_that_exist(bundle: Path) -> None:
    commands = readme_commands(bundle)
    assert {"run", "verify_metadata", "verify_net_in_out", "ckpt_export", "onnx_export"} <= {
        word for command in commands for word in command
    }
    named = {
        path
        for command in commands
        for word in command
        for path in re.findall(r"bundle/(?:configs|eval)/[\w./]+", word)
    }
    assert {path for path in named if not (bundle.parent / path).is_file()} == set()


def test_the_onnx_command_is_the_tested_one(bundle: Path) -> None:
    (command,) = [each for each in readme_commands(bundle) if "onnx_export" in each]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert ast.literal_eval(options["--converter_kwargs"]) == DYNAMIC_BATCH
    assert options["--use_trace"] == "True"


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    """A copy of what is shipped, with MONAI's published schema, among the models of a zoo."""
    folder = tmp_path / "models" / "monai_covid"
    shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("data", "*.ts", "*.onnx"))
    shutil.copy(PUBLISHED, folder / "eval/schema.json")
    return folder


def test_monai_s_own_commands_take_the_shipped_model(copied: Path) -> None:
    """The steps of the zoo's ``ci/verify_bundle.py``, in its working directory."""
    meta = ("--meta_file", "models/monai_covid/configs/metadata.json")
    inference = ("--config_file", "models/monai_covid/configs/inference.yaml")
    root = ("--bundle_root", "models/monai_covid")
    schema = ("--filepath", "models/monai_covid/eval/schema.json")
    weights = ("--ckpt_file", "models/monai_covid/models/model.pt")
    exported = ("--filepath", "models/monai_covid/models/verify_model.ts")
    for command in (
        ("verify_metadata", *meta, *schema),
        ("verify_net_in_out", "network_def", *meta, *inference, *root, "--device", "cpu"),
        ("ckpt_export", "network_def", *meta, *inference, *root, *weights, *exported),
    ):
        done = run_bundle(*command, cwd=copied.parents[1])
        assert done.returncode == 0, done.stdout
    network = torch.jit.load(copied / "models/verify_model.ts", map_location="cpu")
    shipped, info = load_model(copied / "models/model.pt")
    assert from_bytes(network.state_dict()[MODEL_INFO]) == info_fields(info)
    images = torch.randn(2, 1, info.image_size, info.image_size)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(images), shipped(images))


@pytest.fixture
def zoo_with_bundle(copied: Path) -> Path:
    """The zoo's own checks, with the bundle as it is shipped among its models."""
    checkout = os.environ.get("MONAI_MODEL_ZOO")
    if not checkout:
        missing("set MONAI_MODEL_ZOO to a checkout of https://github.com/Project-MONAI/model-zoo")
    zoo = copied.parents[1]
    shutil.copytree(Path(checkout) / "ci", zoo, dirs_exist_ok=True)
    shutil.copy(Path(checkout) / "models/model_info.json", copied.parent)
    return zoo


@pytest.mark.zoo
@pytest.mark.parametrize("mode", ["full", "min", "regular"])
def test_the_zoo_s_own_check_passes(mode: str, zoo_with_bundle: Path) -> None:
    done = run_module(
        "verify_bundle", "-b", "monai_covid", "-p", "models", "-m", mode, cwd=zoo_with_bundle
    )
    assert done.returncode == 0, done.stdout
    assert "metadata format is verified correctly" in done.stdout
    assert ("export weights into TorchScript module successfully" in done.stdout) == (
        mode == "full"
    )
