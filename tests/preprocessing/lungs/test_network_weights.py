import hashlib
from importlib.resources import files

import numpy as np
import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.preprocessing.lungs.network import (
    SHIPPED,
    LungNetwork,
    load_weights,
    save_weights,
    shipped_network,
)

SHA256 = "25ded06b3e68bd3e23f145ee615f55298fcd5e5ea4b6635eccea5678c7326e7b"
"""Of the file in the package; docs/explanation/image-checks.md says how it was made."""


def shipped_bytes():
    return (files("monai_covid.preprocessing.lungs") / SHIPPED).read_bytes()


def test_shipped_file_is_the_documented_one():
    assert hashlib.sha256(shipped_bytes()).hexdigest() == SHA256


def test_shipped_file_is_small():
    assert len(shipped_bytes()) < 2**20


def test_shipped_network_has_no_gradients_and_is_read_once():
    network = shipped_network()
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training
    assert shipped_network() is network


def test_round_trip_is_half_precision(tmp_path):
    torch.manual_seed(0)
    network = LungNetwork()
    save_weights(tmp_path / "w.npz", network)
    loaded = load_weights(tmp_path / "w.npz").state_dict()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded[name], tensor.half().float(), rtol=0, atol=0)


def test_missing_and_misshapen_tensors_are_named(tmp_path):
    arrays = {name: tensor.numpy() for name, tensor in LungNetwork().state_dict().items()}
    del arrays["chest.0.bias"]
    arrays["fields.bias"] = np.zeros(5)
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(WeightsError, match=r"chest\.0\.bias, fields\.bias"):
        load_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04broken"])
def test_damaged_file(tmp_path, content):
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.npz"):
        load_weights(path)


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([{"b": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(WeightsError, match=r"w\.npz"):
        load_weights(tmp_path / "w.npz")
