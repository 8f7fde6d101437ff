"""Weights files are read without running code, and what cannot be used is named."""

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.models.loading import read_state, read_torch_file


class Trap:
    """Unpickled without care, it creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_code_in_a_weights_file_is_refused_and_not_run(tmp_path):
    sprung = tmp_path / "sprung"
    file = tmp_path / "trap.pt"
    torch.save({"features.conv0.weight": Trap(str(sprung))}, file)
    with pytest.raises(
        WeightsError, match=r"trap\.pt: not a readable PyTorch weights file"
    ) as told:
        read_state(file)
    assert "could run code" in str(told.value)
    assert "weights_only" not in str(told.value)
    assert not sprung.exists()


@pytest.mark.parametrize(
    "key", ["network", "state_dict", "model", None, "model_state_dict", "weights", "student"]
)
def test_state_dicts_are_found_under_the_usual_keys(tmp_path, key):
    state = {"weight": torch.arange(3.0)}
    file = tmp_path / "weights.pt"
    torch.save(state if key is None else {key: state, "epoch": 3}, file)
    assert torch.equal(read_state(file)["weight"], state["weight"])


@pytest.mark.parametrize(
    ("content", "message"),
    [({}, "no state dict"), ({"epoch": 3}, "no state dict"), ([1, 2], "holds list")],
)
def test_files_without_a_state_dict(tmp_path, content, message):
    file = tmp_path / "weights.pt"
    torch.save(content, file)
    with pytest.raises(WeightsError, match=rf"weights\.pt: {message}|weights\.pt: holds {message}"):
        read_state(file)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"absent\.pt: no such weights file"):
        read_torch_file(tmp_path / "absent.pt")
    file = tmp_path / "text.pt"
    file.write_text("not weights")
    with pytest.raises(WeightsError, match=r"text\.pt: not a readable PyTorch weights file"):
        read_torch_file(file)


def test_state_dicts_are_found_below_two_keys(tmp_path):
    file = tmp_path / "weights.pt"
    torch.save({"model": {"state_dict": {"weight": torch.ones(3)}, "epoch": 3}}, file)
    assert list(read_state(file)) == ["weight"]


def test_of_several_state_dicts_the_usual_one_counts_or_none(tmp_path):
    one, other = ({"weight": torch.full((3,), value)} for value in (1.0, 2.0))
    file = tmp_path / "weights.pt"
    torch.save({"state_dict_ema": other, "state_dict": one}, file)
    assert torch.equal(read_state(file)["weight"], one["weight"])
    torch.save({"student": one, "teacher": other}, file)
    with pytest.raises(WeightsError, match="several state dicts: student, teacher; keep one"):
        read_state(file)
