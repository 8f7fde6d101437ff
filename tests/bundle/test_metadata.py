"""configs/metadata.json: valid, and in step with the code it describes."""

import copy
import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import verify_metadata, verify_net_in_out
from packaging.requirements import Requirement

import monai_covid
from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import read_model_info
from monai_covid.preprocessing.normalise import StandardizeGreyd
from tests.bundle.offline import run_bundle
from tests.conftest import REPOSITORY

PUBLISHED = Path(__file__).with_name("meta_schema_20240725.json")
"""A copy of the file that ``schema`` in the metadata names: MONAI's, under the Apache licence."""
PUBLISHED_SHA256 = "cd64aa8a5904426f6fc6855dabe46af8c742d5bad644b4e9cfb78ebad09ad678"
VERSION_KEYS = {"monai": "monai_version", "torch": "pytorch_version", "numpy": "numpy_version"}


@pytest.fixture(scope="module")
def metadata(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "configs/metadata.json").read_text())
    return content


def test_verifies_offline(bundle: Path, no_network: None) -> None:
    verify_metadata(
        meta_file=bundle / "configs/metadata.json", filepath=bundle / "eval/schema.json"
    )


def test_verifies_offline_from_the_command_line(bundle: Path) -> None:
    done = run_bundle(
        "verify_metadata",
        *("--meta_file", "bundle/configs/metadata.json", "--filepath", "bundle/eval/schema.json"),
        cwd=bundle.parent,
    )
    assert done.returncode == 0, done.stdout
    assert "metadata is verified with no error" in done.stdout


def test_verifies_against_the_published_schema(
    bundle: Path, tmp_path: Path, no_network: None
) -> None:
    schema = shutil.copy(PUBLISHED, tmp_path / "schema.json")
    verify_metadata(
        meta_file=bundle / "configs/metadata.json",
        filepath=schema,
        hash_val=PUBLISHED_SHA256,
        hash_type="sha256",
    )


def _image(content: dict[str, Any]) -> dict[str, Any]:
    image: dict[str, Any] = content["network_data_format"]["inputs"]["image"]
    return image


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("version"),
        lambda content: content.update(version="new"),
        lambda content: content.update(changelog={}),
        lambda content: content.update(intended_use="Diagnosis."),
        lambda content: content.update(eval_metrics={"accuracy": "good"}),
        lambda content: content["required_packages_version"].update(pandas=">=2"),
        lambda content: content["network_data_format"].pop("outputs"),
        lambda content: _image(content).pop("dtype"),
        lambda content: _image(content).update(num_channels="1"),
        lambda content: _image(content).update(value_range=[0]),
    ],
)
def test_schema_refuses(
    spoil: Callable[[dict[str, Any]], Any], metadata: dict[str, Any], bundle: Path, tmp_path: Path
) -> None:
    spoilt = copy.deepcopy(metadata)
    spoil(spoilt)
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps(spoilt))
    with pytest.raises(ValueError, match="Failed validating"):
        verify_metadata(meta_file=file, filepath=bundle / "eval/schema.json")


def test_network_fits_its_description(bundle: Path, no_network: None) -> None:
    files = {
        "meta_file": bundle / "configs/metadata.json",
        "config_file": bundle / "configs/inference.yaml",
    }
    verify_net_in_out("network_def", **files, device="cpu", bundle_root=str(bundle))
    wrong = {"_meta_#network_data_format#outputs#pred#num_channels": 4}
    with pytest.raises(ValueError, match="output channel number"):
        verify_net_in_out("network_def", **files, device="cpu", bundle_root=str(bundle), **wrong)


def test_version_is_the_package_s(metadata: dict[str, Any]) -> None:
    assert metadata["version"] == monai_covid.__version__
    assert metadata["required_packages_version"]["monai-covid"] == monai_covid.__version__
    assert metadata["version"] in metadata["changelog"]


def test_channels_are_the_labels(metadata: dict[str, Any]) -> None:
    shape = metadata["network_data_format"]
    expected = {str(index): label for index, label in enumerate(COVID_LABELS)}
    for output in (shape["outputs"]["pred"], shape["post_processed_outputs"]["probability"]):
        assert output["channel_def"] == expected
        assert output["num_channels"] == len(COVID_LABELS)
    for text in (metadata["label_classes"], metadata["pred_classes"]):
        assert all(f"{index} {label}" in text for index, label in expected.items())


def test_input_is_the_shipped_network_s(metadata: dict[str, Any], bundle: Path) -> None:
    image, info = _image(metadata), read_model_info(bundle / "models/model.pt")
    assert image["num_channels"] == info.channels == len(image["channel_def"])
    assert image["spatial_shape"] == [info.image_size] * 2


def test_value_range_is_that_of_the_preprocessing(metadata: dict[str, Any]) -> None:
    extremes = torch.tensor([0.0, 1.0]).reshape(1, 1, 2)
    low, high = StandardizeGreyd("image")({"image": extremes})["image"].flatten().tolist()
    given_low, given_high = _image(metadata)["value_range"]
    assert low - 1e-3 < given_low <= low
    assert high <= given_high < high + 1e-3


@pytest.fixture(scope="module")
def versions(metadata: dict[str, Any]) -> dict[str, str]:
    """Version of every other package that the metadata names."""
    required = metadata["required_packages_version"]
    return {
        **{name: version for name, version in required.items() if name != "monai-covid"},
        **{name: metadata[key] for name, key in VERSION_KEYS.items()},
    }


def test_packages_are_those_of_the_project(versions: dict[str, str]) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    needed = {each.name: each for each in map(Requirement, project["dependencies"])}
    assert versions.keys() == needed.keys()
    unfit = [
        f"{needed[name]}, not {version}"
        for name, version in versions.items()
        if not needed[name].specifier.contains(version)
    ]
    assert unfit == []


def test_versions_are_the_tested_pins(versions: dict[str, str]) -> None:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = dict(line.lower().split("==") for line in lines if "==" in line)
    assert {name: pins[name].split("+")[0] for name in versions} == versions


def test_says_what_it_is_for(metadata: dict[str, Any]) -> None:
    assert monai_covid.RESEARCH_USE_ONLY in metadata["intended_use"]
    assert any("10.1007/s42600-021-00132-9" in text for text in metadata["references"])
