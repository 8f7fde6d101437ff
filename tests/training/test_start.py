"""What the network of each stage starts from."""

import pytest
import torch

from monai_covid.errors import OptionError, WeightsError
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS, NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.info_buffer import MODEL_INFO
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.models.tensor_names import HEAD
from monai_covid.models.transfer import get_head
from monai_covid.training.start import build_seeded, start_from_first_stage, start_from_stage2
from tests.models.torchvision_densenet import randomise

pytestmark = pytest.mark.usefixtures("tiny_network")

STAGE2 = ModelInfo(labels=NIH_LABELS, multilabel=True, start="imagenet")


@pytest.fixture
def stage2(tmp_path):
    network = randomise(STAGE2.build())
    save_model(tmp_path / "stage2.pt", network.state_dict(), STAGE2)
    return network, tmp_path / "stage2.pt"


def stage3(file, **options):
    network = build_seeded(ModelInfo(), seed=0)
    info = start_from_stage2(network, ModelInfo(), file, **options)
    return network, info


def test_a_built_network_is_a_function_of_its_seed_alone():
    before = torch.get_rng_state()
    first = build_seeded(ModelInfo(), 1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    second = build_seeded(ModelInfo(), 1).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = build_seeded(ModelInfo(), 2).features.conv0.weight
    assert not torch.equal(first["features.conv0.weight"], other)


def test_the_start_is_noted():
    network = build_seeded(ModelInfo(), 0)
    before = network.features.conv0.weight.clone()
    info = start_from_first_stage(network, ModelInfo(image_size=64), "none")
    assert info == ModelInfo(image_size=64, start="random")
    assert torch.equal(network.features.conv0.weight, before)


@pytest.mark.parametrize("head", ["keep", "mean", "random"])
def test_the_backbone_comes_from_stage_2(stage2, head):
    source, file = stage2
    network, info = stage3(file, head=head, new_from={"covid19": ["Infiltration"]})
    expected = source.state_dict()
    for name, tensor in network.state_dict().items():
        assert name.startswith((HEAD, MODEL_INFO)) or torch.equal(tensor, expected[name])
    assert info.start == f"stage 2 (from imagenet), head {head}"
    assert info.labels == COVID_LABELS
    assert not info.multilabel


def test_the_kinds_of_heads(stage2):
    source, file = stage2
    old = get_head(source)
    pneumonia, normal, infiltration = (
        NIH_LABELS.index(label) for label in ("Pneumonia", "No Finding", "Infiltration")
    )
    new_from = {"covid19": ["Infiltration"]}
    kept, mean, random = (
        get_head(stage3(file, head=head, new_from=new_from)[0])
        for head in ("keep", "mean", "random")
    )
    for head in (kept, mean):
        assert torch.equal(head.weight[1], old.weight[pneumonia])
        assert torch.equal(head.bias[2], old.bias[normal])
    assert torch.equal(mean.weight[0], old.weight[infiltration])
    assert not torch.equal(kept.weight[0], old.weight[infiltration])
    for row in random.weight:
        assert not (old.weight == row).all(1).any()


def test_new_neurons_are_a_function_of_the_seed(stage2):
    _, file = stage2
    rows = [get_head(stage3(file, seed=seed)[0]).weight[0] for seed in (1, 2, 1)]
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])


def test_fourteen_outputs(tmp_path):
    info = ModelInfo(labels=NIH_FINDINGS, multilabel=True)
    network = randomise(info.build())
    save_model(tmp_path / "chexnet.pt", network.state_dict(), info)
    head = get_head(stage3(tmp_path / "chexnet.pt")[0])
    row = NIH_FINDINGS.index("Pneumonia")
    assert torch.equal(head.weight[1], get_head(network).weight[row])


def test_a_missing_model_says_what_to_do(tmp_path):
    message = r"absent\.pt: no such model file; train stage 2 first.*--stage2_model"
    with pytest.raises(WeightsError, match=message):
        stage3(tmp_path / "absent.pt")


def test_another_architecture(tmp_path, monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet201", (1, 1, 2, 1))
    info = ModelInfo("densenet201", labels=NIH_LABELS)
    save_model(tmp_path / "deep.pt", info.build().state_dict(), info)
    message = r"deep\.pt: has architecture densenet201, give --architecture densenet201"
    with pytest.raises(WeightsError, match=message):
        stage3(tmp_path / "deep.pt")


def test_another_number_of_channels(tmp_path):
    info = ModelInfo(channels=3, labels=NIH_LABELS)
    save_model(tmp_path / "colour.pt", info.build().state_dict(), info)
    with pytest.raises(WeightsError, match=r"colour\.pt: has channels 3, give --channels 3"):
        stage3(tmp_path / "colour.pt")


@pytest.mark.parametrize(
    "new_from", [{"covid19": ["Infiltratoin"]}, {"covid": ["Mass"]}, {"normal": ["Mass"]}]
)
def test_misspelt_findings_are_errors_of_the_options(stage2, new_from):
    with pytest.raises(OptionError):
        stage3(stage2[1], head="mean", new_from=new_from)


def test_going_on_from_stage_3_keeps_every_output_neuron(tmp_path):
    info = ModelInfo(image_size=64, start="stage 2 (from imagenet), head keep", temperature=2.0)
    source = randomise(info.build())
    save_model(tmp_path / "small.pt", source.state_dict(), info)
    larger = ModelInfo(image_size=112)
    network = build_seeded(larger, seed=0)
    started = start_from_stage2(network, larger, tmp_path / "small.pt")
    expected = source.state_dict()
    weights = {k: v for k, v in network.state_dict().items() if k != MODEL_INFO}
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights.items())
    said = "stage 2 (from imagenet), head keep; then stage 3 at 64 pixels, head keep"
    assert started == ModelInfo(image_size=112, start=said)


def test_a_random_head_upon_stage_3_keeps_no_neuron(tmp_path):
    source = randomise(ModelInfo().build())
    save_model(tmp_path / "three.pt", source.state_dict(), ModelInfo())
    network, _ = stage3(tmp_path / "three.pt", head="random")
    assert torch.equal(network.features.conv0.weight, source.features.conv0.weight)
    assert not (get_head(network).weight == get_head(source).weight).any()
