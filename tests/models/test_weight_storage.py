"""Weights in half the bytes: what is rounded, what is not, and that files load as float32."""

import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.models.weight_storage import stored
from tests.models.torchvision_densenet import randomise


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))


@pytest.fixture
def network():
    return randomise(ModelInfo().build()).eval()


def test_nothing_changes_unless_asked(network):
    state = network.state_dict()
    kept = stored(state)
    assert kept.keys() == state.keys()
    assert all(torch.equal(kept[name], state[name]) for name in state)


@pytest.mark.parametrize("storage", ["float16", "bfloat16"])
def test_convolutions_are_rounded_to_the_nearest_and_nothing_else(network, storage):
    dtype = getattr(torch, storage)
    state = network.state_dict()
    for name, tensor in stored(state, storage).items():
        first = name.startswith(("features.conv0", "features.denseblock1", "features.transition1"))
        rounded = "conv" in name and not first
        assert tensor.dtype == (dtype if rounded else state[name].dtype), name
        exact = torch.finfo(dtype).eps / 2 if rounded else 0.0
        assert torch.allclose(tensor.float(), state[name].float(), rtol=exact, atol=1e-7 * rounded)


def test_a_file_loads_as_float32_and_answers_nearly_the_same(network, tmp_path):
    for storage in ("float32", "float16"):
        save_model(tmp_path / f"{storage}.pt", network.state_dict(), ModelInfo(), storage)
    loaded, info = load_model(tmp_path / "float16.pt")
    assert info == ModelInfo()
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}
    image = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before, after = network(image).softmax(1), loaded(image).softmax(1)
    assert 0 < (before - after).abs().max() < 1e-3
    sizes = {name: (tmp_path / f"{name}.pt").stat().st_size for name in ("float32", "float16")}
    assert sizes["float16"] < 0.7 * sizes["float32"]


def test_an_unknown_storage_is_refused(network, tmp_path):
    with pytest.raises(OptionError, match="storage is 'int4'; it must be one of float32, float16"):
        save_model(tmp_path / "model.pt", network.state_dict(), ModelInfo(), "int4")
    assert not list(tmp_path.iterdir())


def test_weights_that_do_not_fit_are_refused(network):
    state = network.state_dict()
    name = "features.denseblock2.denselayer1.layers.conv1.weight"
    state[name] = state[name].clone()
    state[name].view(-1)[0] = 1e5
    with pytest.raises(OptionError, match=r"float16', which cannot hold features\.denseblock2"):
        stored(state, "float16")
    assert torch.isfinite(stored(state, "bfloat16")[name]).all()
