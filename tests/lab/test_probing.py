"""The probe against scikit-learn's own predictions, and features against doing without memory."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch import nn

from monai_covid.lab.probing import (
    STRENGTHS,
    LinearProbe,
    PooledFeatures,
    ProbeClassifier,
    fit_probe,
)
from monai_covid.models.model_file import ModelInfo


def drawn(count, seed, noise=2.0):
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    features = generator.normal(size=(count, 6)) * noise * np.array([1, 1, 1, 50, 0.01, 1]) + 7
    features[:, 0] += classes
    features[:, 1] += classes == 1
    return features, classes


@pytest.mark.parametrize("classes", [2, 3])
def test_the_layer_gives_scikit_learns_probabilities(classes):
    training, validation = (
        (features, labels % classes) for features, labels in (drawn(60, 0), drawn(30, 1))
    )
    probe = fit_probe(training, validation, classes)
    features = np.concatenate([training[0], validation[0]])
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=probe.strength, max_iter=3000)
    regression.fit(scaler.transform(features), np.concatenate([training[1], validation[1]]))
    new, _ = drawn(20, 2)
    found = probe.logits(torch.from_numpy(new)).softmax(1).numpy()
    np.testing.assert_allclose(found, regression.predict_proba(scaler.transform(new)), atol=1e-6)


def test_with_more_features_than_images_it_is_the_same_regression():
    training, validation = drawn(30, 0), drawn(15, 1)
    mixing = np.random.default_rng(2).normal(size=(6, 200))
    noise = np.random.default_rng(3).normal(size=(80, 200))
    many = [np.tanh(some @ mixing / 40) for some in (training[0], validation[0], drawn(35, 4)[0])]
    wide = np.split(np.concatenate(many) + 0.1 * noise, [30, 45])
    probe = fit_probe((wide[0], training[1]), (wide[1], validation[1]), 3)
    features = np.concatenate(wide[:2])
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=probe.strength, max_iter=9000, tol=1e-9)
    regression.fit(scaler.transform(features), np.concatenate([training[1], validation[1]]))
    found = probe.logits(torch.from_numpy(wide[2])).softmax(1).numpy()
    expected = regression.predict_proba(scaler.transform(wide[2]))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_validation_images_choose_the_penalty():
    training, validation = drawn(60, 0), drawn(200, 1)
    scaler = StandardScaler().fit(training[0])
    losses, areas = {}, {}
    for strength in STRENGTHS:
        regression = LogisticRegression(C=strength, max_iter=3000)
        regression.fit(scaler.transform(training[0]), training[1])
        found = regression.predict_proba(scaler.transform(validation[0]))
        losses[strength] = log_loss(validation[1], found)
        areas[strength] = roc_auc_score(validation[1], found, multi_class="ovr")
    probe = fit_probe(training, validation, 3)
    assert probe.strength == min(losses, key=losses.get)
    assert STRENGTHS[0] < probe.strength < STRENGTHS[-1]
    assert probe.validation_auc == pytest.approx(areas[probe.strength], abs=1e-6)


def test_every_class_takes_a_training_image():
    features, classes = drawn(30, 0)
    with pytest.raises(ValueError, match=r"training images of classes \[0, 1\], of 3 classes"):
        fit_probe((features[classes < 2], classes[classes < 2]), (features, classes), 3)


class Counting(nn.Module):
    """Two maps of an image; notes how many images it saw."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        return [images, images.repeat(1, 2, 1, 1)[:, :, ::2] ** 2]


def test_images_are_computed_once_and_come_back_in_order():
    maps = Counting()
    features = PooledFeatures(maps)
    images = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    first = features(images)
    assert first.shape == (4, 6)
    assert first.dtype == torch.float64
    assert maps.seen == 4
    again = features(images[[3, 0, 3, 1]])
    assert maps.seen == 4
    assert torch.equal(again, first[[3, 0, 3, 1]])
    other = images[:1].clone()
    other[0, 0, 0, 0] += 1e-6
    assert not torch.equal(features(torch.cat([other, other])), first[:1].repeat(2, 1))
    assert maps.seen == 5


def test_with_flips_an_image_and_its_mirror_image_are_one():
    images = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    network = LeftHalf()
    plain, both = PooledFeatures(network), PooledFeatures(network, flips=True)
    mirrored = images.flip(-1)
    assert not torch.allclose(plain(images), plain(mirrored))
    torch.testing.assert_close(both(images), (plain(images) + plain(mirrored)) / 2)
    torch.testing.assert_close(both(images), both(mirrored))


class LeftHalf(nn.Module):
    """A map of the left half of an image."""

    def forward(self, images):
        return [images[..., : images.shape[-1] // 2]]


def test_the_memory_has_an_end(monkeypatch):
    monkeypatch.setattr("monai_covid.lab.probing.REMEMBERED", 2 * 6)
    maps = Counting()
    features = PooledFeatures(maps)
    images = torch.rand(3, 1, 6, 6)
    features(images)
    features(images[1:])
    assert maps.seen == 3
    features(images[:1])
    assert maps.seen == 4


def test_what_was_asked_for_last_is_remembered(monkeypatch):
    monkeypatch.setattr("monai_covid.lab.probing.REMEMBERED", 2 * 6)
    maps = Counting()
    features = PooledFeatures(maps)
    images = torch.rand(3, 1, 6, 6)
    for one in (0, 1, 0, 2, 0):
        features(images[one : one + 1])
    assert maps.seen == 3


def test_a_probe_classifies_as_a_network_does():
    layer = LinearProbe(torch.randn(3, 6).double(), torch.zeros(3).double(), 1.0, 0.9)
    classifier = ProbeClassifier(ModelInfo(image_size=6), PooledFeatures(Counting()), layer)
    images = torch.rand(2, 1, 6, 6)
    found = classifier.probabilities(images)
    assert found.shape == (2, 3)
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    assert torch.equal(classifier.answer(images).probabilities, found)
    assert classifier.answer(images).spread == {}
