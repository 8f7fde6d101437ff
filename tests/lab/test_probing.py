"""Features against doing without memory, and what a probe says of files."""

import torch
from torch import nn

from monai_covid.lab.probing import PooledFeatures, ProbeClassifier
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.logistic import LinearProbe


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
