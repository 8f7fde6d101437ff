"""What is done to every image travels with the weights."""

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.models.info_buffer import MODEL_INFO, from_bytes, to_bytes
from monai_covid.models.model_file import ModelInfo, read_model_info, save_model
from monai_covid.preprocessing.settings import PLAIN, Preprocessing

CUT = Preprocessing("crop_mask", "inpaint", "local")


def stored(path):
    return from_bytes(torch.load(path, weights_only=True)[MODEL_INFO])


def change(path, how):
    state = torch.load(path, weights_only=True)
    fields = from_bytes(state[MODEL_INFO])
    how(fields["preprocessing"])
    torch.save({**state, MODEL_INFO: to_bytes(fields)}, path)


def test_what_each_choice_means():
    assert PLAIN.is_plain
    assert not CUT.is_plain
    meaning = {name: Preprocessing(name) for name in ("whole", "crop", "mask", "crop_mask")}
    assert [each.crops for each in meaning.values()] == [False, True, False, True]
    assert [each.masks for each in meaning.values()] == [False, False, True, True]
    assert not Preprocessing(grey="local").is_plain


@pytest.mark.parametrize("name", ["lungs", "text", "grey"])
def test_an_unknown_value_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name} is 'heart'; it must be one of \w+"):
        Preprocessing(**{name: "heart"})


def test_it_comes_back_from_a_model_file(tmp_path):
    info = ModelInfo(image_size=64, preprocessing=CUT)
    save_model(tmp_path / "model.pt", {}, info)
    assert read_model_info(tmp_path / "model.pt") == info
    assert stored(tmp_path / "model.pt")["preprocessing"] == {
        **{"lungs": "crop_mask", "text": "inpaint", "grey": "local"}
    }


def test_files_without_it_are_plain(tmp_path):
    """As those of the first versions."""
    save_model(tmp_path / "model.pt", {}, ModelInfo(preprocessing=CUT))
    state = torch.load(tmp_path / "model.pt", weights_only=True)
    fields = stored(tmp_path / "model.pt")
    del fields["preprocessing"]
    torch.save({**state, MODEL_INFO: to_bytes(fields)}, tmp_path / "model.pt")
    assert read_model_info(tmp_path / "model.pt").preprocessing == PLAIN


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lungs": "heart"}, "preprocessing lungs is 'heart'"),
        ({"bones": "keep"}, "bones"),
        ({"grey": None}, "preprocessing grey is None"),
    ],
)
def test_a_file_with_something_unknown_is_named(tmp_path, wrong, message):
    save_model(tmp_path / "model.pt", {}, ModelInfo(preprocessing=CUT))
    change(tmp_path / "model.pt", lambda preprocessing: preprocessing.update(wrong))
    with pytest.raises(WeightsError, match=rf"model\.pt: .*{message}"):
        read_model_info(tmp_path / "model.pt")


def test_a_file_that_lacks_a_part_is_named(tmp_path):
    save_model(tmp_path / "model.pt", {}, ModelInfo(preprocessing=CUT))
    change(tmp_path / "model.pt", lambda preprocessing: preprocessing.pop("text"))
    with pytest.raises(WeightsError, match=r"model\.pt: .*lacks text"):
        read_model_info(tmp_path / "model.pt")
