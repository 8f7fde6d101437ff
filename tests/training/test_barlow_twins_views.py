"""Two views of every image: different, repeatable, and in their order through the network."""

import pytest
import torch

from monai_covid.data.datalists import stage3_datalist
from monai_covid.preprocessing.chains import training_transforms
from monai_covid.training.barlow_twins import TwinInferer, TwinViews
from monai_covid.training.dataset import RadiographDataset
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.sampling import EpochSampler


@pytest.fixture
def twins(covid):
    def make(seed=0, **options):
        images = RadiographDataset(
            stage3_datalist(covid, "training"),
            training_transforms(size=32, grey_jitter=0.5, erase_probability=0.5),
            **{"seed": seed, "progress": False, **options},
        )
        return TwinViews(images)

    return make


def test_views_differ_and_are_those_of_the_dataset(twins):
    dataset = twins()
    item = dataset[(3, 5)]
    first, second = item["image"]
    assert first.shape == (1, 32, 32)
    assert not torch.equal(first, second)
    assert torch.equal(first, dataset.images[(3, 5)]["image"])
    assert torch.equal(second, dataset.images[(3, 5, 1)]["image"])


def test_views_are_a_function_of_seed_epoch_and_image(twins):
    expected = [twins()[(1, index)]["image"] for index in range(3)]
    again, uncached = twins(), twins(cache_gb=0.0)
    again[(0, 0)]
    for index in (2, 0, 1):
        assert torch.equal(again[(1, index)]["image"], expected[index])
        assert torch.equal(uncached[(1, index)]["image"], expected[index])
    assert not torch.equal(twins(seed=1)[(1, 0)]["image"], expected[0])
    assert not torch.equal(again[(2, 0)]["image"], expected[0])


def test_an_image_is_read_once_for_both_views(twins, reads):
    dataset = twins(cache_gb=0.0)
    dataset.images.prepare()
    reads.clear()
    dataset[(0, 4)]
    assert list(reads.values()) == [1]


def test_every_image_once_an_epoch(twins):
    dataset = twins()
    keys = list(EpochSampler(dataset))
    assert sorted(index for _, index in keys) == list(range(len(dataset)))


def test_embeddings_come_in_pairs():
    views = torch.arange(12.0).reshape(3, 2, 1, 1, 2)
    found = TwinInferer(PrecisionInferer())(views, torch.nn.Flatten())
    assert torch.equal(found, views.reshape(3, 2, 2))
