"""TorchScript and ONNX exports of the bundle give the logits of the network, without a network."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from monai.bundle import ckpt_export, onnx_export
from monai.data import load_net_with_metadata

from monai_covid.models.info_buffer import MODEL_INFO, from_bytes
from monai_covid.models.model_file import info_fields, load_model, read_model_info
from tests.bundle.offline import run_bundle
from tests.missing import missing

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tiny_network")]

IMAGES = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(1)) * 4 - 2
DYNAMIC_BATCH = {
    "input_names": ["image"],
    "output_names": ["logits"],
    "dynamic_axes": {"image": {0: "batch"}},
    "opset_version": 18,
    "external_data": False,
}


def logits(model: Path, images: torch.Tensor = IMAGES) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = load_model(model)[0](images)
    return result


def files(bundle: Path, model: Path) -> dict[str, str]:
    """The arguments that both exports share."""
    return {
        "net_id": "network_def",
        "ckpt_file": str(model),
        "checkpoint": str(model),
        "meta_file": str(bundle / "configs/metadata.json"),
        "config_file": str(bundle / "configs/inference.yaml"),
        "bundle_root": str(bundle),
    }


def as_options(arguments: dict[str, str]) -> list[str]:
    return [text for name, value in arguments.items() for text in (f"--{name}", value)]


def check_torchscript(exported: Path, model: Path) -> None:
    network, metadata, extra = load_net_with_metadata(
        str(exported), more_extra_files=("inference.json",)
    )
    assert metadata["name"].startswith("COVID-19")
    assert "evaluator" in json.loads(extra["inference.json"])
    said = from_bytes(network.state_dict()[MODEL_INFO])
    assert said == info_fields(read_model_info(model))
    with torch.no_grad():
        torch.testing.assert_close(network(IMAGES), logits(model))


def test_the_weights_matter(covid_model: Path) -> None:
    network, info = load_model(covid_model)
    with torch.no_grad():
        assert not torch.allclose(info.build().eval()(IMAGES), network(IMAGES), atol=1e-3)


def test_torchscript_of_a_model_file(
    bundle: Path, covid_model: Path, tmp_path: Path, in_empty_folder: Path, no_network: None
) -> None:
    exported = tmp_path / "model.ts"
    ckpt_export(filepath=str(exported), **files(bundle, covid_model))
    check_torchscript(exported, covid_model)


def test_torchscript_from_the_command_line(bundle: Path, covid_model: Path, tmp_path: Path) -> None:
    exported = tmp_path / "model.ts"
    options = as_options({**files(bundle, covid_model), "filepath": str(exported)})
    done = run_bundle("ckpt_export", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    check_torchscript(exported, covid_model)


def test_torchscript_of_a_stage_2_model_has_its_15_outputs(
    bundle: Path, nih_model: Path, tmp_path: Path, no_network: None
) -> None:
    exported = tmp_path / "model.ts"
    ckpt_export(filepath=str(exported), **files(bundle, nih_model))
    network = torch.jit.load(exported)
    with torch.no_grad():
        torch.testing.assert_close(network(IMAGES), logits(nih_model))
    assert network(IMAGES).shape == (2, 15)


def exporter(name: str) -> ModuleType:
    """Import a package of the extra "export"."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f'{name} is missing: pip install "monai-covid[export]"')


def onnx_logits(exported: Path, images: torch.Tensor) -> np.ndarray:
    runtime = exporter("onnxruntime")
    session = runtime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (only_input,) = session.get_inputs()
    (result,) = session.run(None, {only_input.name: images.numpy()})
    return np.asarray(result)


def opset(exported: Path) -> int:
    onnx = exporter("onnx")
    model = onnx.load(exported)
    onnx.checker.check_model(model)
    (version,) = [each.version for each in model.opset_import if each.domain == ""]
    return int(version)


def test_onnx_of_a_model_file(
    bundle: Path, covid_model: Path, tmp_path: Path, in_empty_folder: Path, no_network: None
) -> None:
    exporter("onnxscript")
    exported = tmp_path / "model.onnx"
    onnx_export(
        filepath=str(exported),
        input_shape=[1, 1, 64, 64],
        **files(bundle, covid_model),
    )
    one = IMAGES[:1]
    np.testing.assert_allclose(
        onnx_logits(exported, one), logits(covid_model, one), rtol=1e-4, atol=1e-5
    )


def test_onnx_takes_any_batch_from_the_command_line(
    bundle: Path, covid_model: Path, tmp_path: Path
) -> None:
    exporter("onnxscript")
    exported = tmp_path / "model.onnx"
    options = as_options({**files(bundle, covid_model), "filepath": str(exported)})
    options += ["--use_trace", "True", "--converter_kwargs", repr(DYNAMIC_BATCH)]
    options += ["--input_shape", "[1,1,64,64]"]
    done = run_bundle("onnx_export", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert opset(exported) == 18
    np.testing.assert_allclose(
        onnx_logits(exported, IMAGES), logits(covid_model), rtol=1e-4, atol=1e-5
    )


def test_a_missing_checkpoint_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    options = as_options(files(bundle, tmp_path / "none.pt"))
    exported = tmp_path / "model.ts"
    done = run_bundle("ckpt_export", *options, "--filepath", exported, cwd=tmp_path)
    assert done.returncode != 0
    assert "none.pt" in done.stdout
    assert list(tmp_path.iterdir()) == []
