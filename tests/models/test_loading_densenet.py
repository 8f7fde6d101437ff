"""Every tensor of a weights file reaches its place in the network, or loading fails."""

import re

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.models.architectures import BLOCK_LAYERS, build_densenet
from monai_covid.models.loading import (
    fold_input_channels,
    load_backbone,
    load_network,
)
from monai_covid.models.tensor_names import to_monai_names
from tests.models.torchvision_densenet import TorchvisionDenseNet, old_names, randomise


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (2, 1, 1, 1))


@pytest.fixture
def source():
    return randomise(TorchvisionDenseNet((2, 1, 1, 1), outputs=15)).double()


def picture(channels=3, seed=1, size=64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, channels, size, size, generator=generator, dtype=torch.float64)


def outputs(network, image):
    with torch.no_grad():
        return network.eval()(image)


@pytest.mark.parametrize(
    ("architecture", "naming"), [("densenet121", old_names), ("densenet201", dict)]
)
def test_torchvision_weights_give_torchvision_outputs(architecture, naming):
    source = randomise(TorchvisionDenseNet(BLOCK_LAYERS[architecture], outputs=5)).double()
    network = build_densenet(architecture, channels=3, outputs=5).double()
    load_network(network, naming(source.state_dict()))
    image = picture(size=32)
    torch.testing.assert_close(outputs(network, image), outputs(source, image), rtol=0, atol=1e-12)


def test_every_tensor_arrives_unchanged(small_blocks, source):
    network = build_densenet(channels=3, outputs=15).double()
    load_network(network, old_names(source.state_dict()))
    expected = sorted(float(tensor.double().sum()) for tensor in source.state_dict().values())
    loaded = sorted(float(tensor.double().sum()) for tensor in network.state_dict().values())
    assert loaded == expected


PREFIXES = ["student", "ema.module", "_forward_module", "xray_model.feature_extractor", "0"]
HEADS = ["fc", "classifier.fc", "heads.0", "logits"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda name: f"module.{name}",
        lambda name: f"module.densenet121.{name}",
        lambda name: f"model.{name}",
        lambda name: f"module.densenet121.{name}".replace("classifier.", "classifier.0."),
        *(f"{prefix}.{{}}".format for prefix in PREFIXES),
        *(lambda name, head=head: name.replace("classifier", head) for head in HEADS),
        lambda name: f"backbone.{name}".replace("backbone.classifier", "head.fc"),
    ],
    ids=["module", "module.densenet121", "model", "CheXNet", *PREFIXES, *HEADS, "head apart"],
)
def test_wrapped_names(source, wrapped):
    state = {wrapped(name): tensor for name, tensor in old_names(source.state_dict()).items()}
    network = build_densenet(channels=3, outputs=15).double()
    load_network(network, state)
    image = picture()
    torch.testing.assert_close(outputs(network, image), outputs(source, image), rtol=0, atol=1e-12)


def test_monais_own_names_come_back(small_blocks):
    state = build_densenet().state_dict()
    assert list(to_monai_names(state)) == list(state)


def test_a_grey_image_gives_the_same_output_through_folded_weights(small_blocks, source):
    network = build_densenet(channels=1, outputs=15).double()
    load_network(network, source.state_dict())
    grey = picture(channels=1)
    torch.testing.assert_close(
        outputs(network, grey), outputs(source, grey.repeat(1, 3, 1, 1)), rtol=0, atol=1e-10
    )


def test_one_channel_does_not_unfold_into_three():
    with pytest.raises(WeightsError, match="1 input channels do not fit 3"):
        fold_input_channels(torch.zeros(8, 1, 7, 7), 3)


def test_the_backbone_is_loaded_and_the_head_left(small_blocks, source):
    network = build_densenet(channels=3, outputs=2).double()
    head = network.class_layers.out.weight.clone()
    load_backbone(network.eval(), source.state_dict())
    assert torch.equal(network.class_layers.out.weight, head)
    image = picture()
    with torch.no_grad():
        torch.testing.assert_close(
            network.features(image), source.features(image), rtol=0, atol=1e-12
        )


def test_missing_batch_counters_are_allowed(small_blocks, source):
    state = {k: v for k, v in source.state_dict().items() if not k.endswith("batches_tracked")}
    network = build_densenet(channels=3, outputs=15).double()
    load_network(network, state)
    image = picture()
    torch.testing.assert_close(outputs(network, image), outputs(source, image), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.pop("features.norm5.weight"), "missing.*features.norm5.weight"),
        (
            lambda s: s.update({"features.extra.weight": torch.zeros(1)}),
            "not part of the network: features.extra.weight",
        ),
        (
            lambda s: s.update({"features.norm5.bias": torch.zeros(7)}),
            r"features.norm5.bias has shape \(7,\) instead of",
        ),
        (
            lambda s: s.update({"features.conv0.weight": torch.zeros(64, 2, 7, 7)}),
            "2 input channels do not fit",
        ),
        (
            lambda s: s.update({"features.conv0.weight": torch.zeros(64)}),
            "features.conv0.weight has shape",
        ),
    ],
)
@pytest.mark.parametrize("load", [load_backbone, load_network])
def test_what_does_not_fit_is_named_and_nothing_is_loaded(
    small_blocks, source, change, named, load
):
    state = source.state_dict()
    change(state)
    network = build_densenet(channels=3, outputs=15)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(WeightsError, match=named):
        load(network, state)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())


def test_several_mismatches_are_reported_together(small_blocks, source):
    state = source.state_dict()
    del state["features.norm5.weight"]
    state["features.norm0.bias"] = torch.zeros(3)
    with pytest.raises(WeightsError, match=r"(?s)features\.norm5\.weight.*features\.norm0\.bias"):
        load_network(build_densenet(channels=3, outputs=15), state)


def test_a_head_of_another_size_does_not_fit(small_blocks, source):
    with pytest.raises(WeightsError, match=re.escape("class_layers.out.bias has shape (15,)")):
        load_network(build_densenet(channels=3, outputs=3), source.state_dict())


def test_weights_of_the_other_architecture_do_not_fit():
    other = build_densenet("densenet201", 3).state_dict()
    with pytest.raises(WeightsError, match="not part of the network"):
        load_backbone(build_densenet("densenet121", 3), other)


def test_two_tensors_for_one_place(small_blocks, source):
    state = source.state_dict()
    state["module.features.norm5.bias"] = state["features.norm5.bias"]
    with pytest.raises(WeightsError, match=r"both features\.norm5\.bias"):
        load_network(build_densenet(channels=3, outputs=15), state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": "resnet50"}, "resnet50.*densenet121, densenet201"),
        ({"channels": 2}, "channels is 2"),
        ({"outputs": 0}, "outputs is 0"),
    ],
)
def test_unusable_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_densenet(**arguments)


def test_several_networks_are_named(small_blocks, source):
    state = source.state_dict()
    both = {f"{name}.{key}": tensor for name in ("model", "ema") for key, tensor in state.items()}
    with pytest.raises(WeightsError, match="several networks, below 'model' and 'ema'; keep one"):
        load_network(build_densenet(channels=3, outputs=15), both)


@pytest.mark.parametrize(
    "name", ["n_averaged", "criterion.pos_weight", "loss_fn.weight", "bce_loss.loss.pos_weight"]
)
def test_what_has_no_effect_on_the_output_is_left_out(small_blocks, source, name):
    state = {f"model.{key}": tensor for key, tensor in source.state_dict().items()}
    network = build_densenet(channels=3, outputs=15).double()
    load_network(network, {**state, name: torch.ones(15)})
    image = picture()
    torch.testing.assert_close(outputs(network, image), outputs(source, image), rtol=0, atol=1e-12)


@pytest.mark.parametrize("names", [["mean", "std"], ["features.loss.weight"], ["fc.weight"]])
def test_what_may_have_one_is_not(small_blocks, source, names):
    state = {**source.state_dict(), **dict.fromkeys(names, torch.ones(15, 3))}
    with pytest.raises(WeightsError, match=f"not part of the network: {names[0]}"):
        load_network(build_densenet(channels=3, outputs=15), state)


def test_of_two_linear_layers_none_is_taken_for_the_head(small_blocks, source):
    state = {key.replace("classifier", "fc1"): value for key, value in source.state_dict().items()}
    state |= {"fc2.weight": state["fc1.weight"], "fc2.bias": state["fc1.bias"]}
    with pytest.raises(WeightsError, match=r"missing from the weights: class_layers\.out"):
        load_network(build_densenet(channels=3, outputs=15), state)
