"""Probabilities averaged over images and their mirror images."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from monai_covid.cli.main import main
from monai_covid.inference.classifier import FLIPS_REMARK, Classifier, FlippingInferer, mean_logits
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.labels import NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.probability import probabilities_of
from monai_covid.training.inferer import PrecisionInferer
from tests.data.collections_on_disk import write_picture

TEMPERATURE = 1.7


@pytest.fixture(scope="module", autouse=True)
def tiny_network():
    """Give densenet121 one layer in each block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def models(tmp_path_factory, tiny_network):
    """Two calibrated networks with random weights that see which side is which."""
    folder = tmp_path_factory.mktemp("models")
    for seed in range(2):
        torch.manual_seed(seed)
        info = ModelInfo(image_size=32, temperature=TEMPERATURE)
        network = info.build()
        with torch.no_grad():
            network.class_layers.out.weight.mul_(20)
        save_model(folder / f"{seed}.pt", network.state_dict(), info)
    return [folder / f"{seed}.pt" for seed in range(2)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return [write_picture(folder / f"{number}.png", number) for number in range(3)]


def images_of(pictures):
    return torch.stack([preprocess_file(path, 32) for path in pictures])


def expected(model, images):
    """Mean of softmax(logits / T), in double precision."""
    network, info = load_model(model)
    with torch.inference_mode():
        both = [network(each).double() / info.temperature for each in (images, images.flip(3))]
    return torch.stack([torch.softmax(each, dim=1) for each in both]).mean(dim=0)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("scale", [1.0, 200.0])
def test_the_logits_give_the_mean_probability(multilabel, scale):
    generator = torch.Generator().manual_seed(0)
    one, two = scale * torch.randn(2, 50, 4, generator=generator)
    known = {"multilabel": multilabel, "temperature": TEMPERATURE}
    found = probabilities_of(mean_logits(one, two, **known), **known)
    mean = (probabilities_of(one.double(), **known) + probabilities_of(two.double(), **known)) / 2
    torch.testing.assert_close(found, mean.float(), atol=3e-6, rtol=1e-5)


def test_the_inferer_and_the_classifier_agree_with_the_mean(models, pictures):
    images = images_of(pictures)
    network, info = load_model(models[0])
    inferer = FlippingInferer(PrecisionInferer(), True, temperature=info.temperature)
    with torch.inference_mode():
        logits = inferer(images, network)
    mean = expected(models[0], images).float()
    torch.testing.assert_close(torch.softmax(logits / info.temperature, 1), mean)
    found = Classifier(models[0], flips=True).probabilities(images)
    torch.testing.assert_close(found, mean)
    mirrored = Classifier(models[0], flips=True).probabilities(images.flip(3))
    torch.testing.assert_close(found, mirrored)
    plain = Classifier(models[0]).probabilities(images)
    assert (plain - found).abs().max() > 1e-4


def test_without_flips_the_inferer_changes_nothing(models, pictures):
    images = images_of(pictures)
    network, info = load_model(models[0])
    inferer = FlippingInferer(PrecisionInferer(), False, temperature=info.temperature)
    with torch.inference_mode():
        assert torch.equal(inferer(images, network), network(images))


def test_an_ensemble_averages_the_means(models, pictures):
    images = images_of(pictures)
    found = EnsembleClassifier(models, flips=True).probabilities(images)
    mean = torch.stack([expected(model, images) for model in models]).mean(dim=0)
    torch.testing.assert_close(found, mean.float())


def test_several_labels():
    info = ModelInfo(labels=NIH_LABELS, multilabel=True)
    inferer = FlippingInferer(PrecisionInferer(), True, multilabel=info.multilabel)
    found = inferer(torch.tensor([[[[2.0, -1.0]]]]), torch.nn.Flatten())
    mean = torch.sigmoid(torch.tensor([2.0, -1.0])).mean()
    torch.testing.assert_close(torch.sigmoid(found), mean.expand(1, 2))


def test_from_the_command_line(models, pictures, tmp_path):
    fixed = ["predict", *map(str, pictures), "--model", str(models[0]), "--quiet"]
    for name, options in (("plain", []), ("flips", ["--flips"])):
        line = [*fixed, "--keep-unsuitable", "--out", str(tmp_path / name), *options]
        assert main(line) == 0
    said = {
        name: json.loads((tmp_path / name / "predictions.json").read_text())
        for name in ("plain", "flips")
    }
    assert "remarks" not in said["plain"]
    assert said["flips"]["remarks"] == [FLIPS_REMARK]
    table = pd.read_csv(tmp_path / "flips" / "predictions.csv")
    mean = expected(models[0], images_of(pictures)).numpy()
    np.testing.assert_allclose(table.filter(like="probability_").to_numpy(), mean, atol=1e-6)
