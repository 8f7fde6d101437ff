"""Sources of a class are drawn alike, on any number of processes, each time with its own look."""

from collections import Counter

import ignite.distributed as idist
import numpy as np
import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.preprocessing.chains import training_transforms
from monai_covid.training.dataset import RadiographDataset, transform_seed
from monai_covid.training.sampling import EpochSampler, balanced_draw, source_groups

GROUPS = [
    *[(0, "a")] * 30,
    *[(0, "b")] * 4,
    *[(0, "c")] * 7,
    *[(1, "a")] * 20,
    *[(2, "d")] * 5,
    *[(2, "a")] * 6,
]


def draw(groups=GROUPS, seed=0):
    return balanced_draw(groups, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_classes_keep_their_numbers_and_sources_share_them(seed):
    drawn = draw(seed=seed)
    assert len(drawn) == len(GROUPS)
    labels = Counter(GROUPS[index][0] for index, _ in drawn)
    assert labels == Counter(label for label, _ in GROUPS)
    sources = Counter(GROUPS[index] for index, _ in drawn)
    assert sorted(sources[0, name] for name in "abc") == [13, 14, 14]
    assert sources[1, "a"] == 20
    assert sorted((sources[2, "a"], sources[2, "d"])) == [5, 6]


def test_images_of_a_source_are_taken_alike_and_repetitions_counted():
    drawn = draw()
    taken = Counter(index for index, _ in drawn)
    for group in set(GROUPS):
        counts = [taken[index] for index, one in enumerate(GROUPS) if one == group]
        assert max(counts) - min(counts) <= 1
    for index, number in taken.items():
        assert sorted(r for i, r in drawn if i == index) == list(range(number))


def test_over_epochs_every_image_of_a_large_source_is_taken_alike():
    taken = Counter(index for seed in range(400) for index, _ in draw(seed=seed))
    counts = np.array([taken[index] for index in range(30)])
    assert abs(counts.mean() / 400 - 41 / 3 / 30) < 0.01
    assert counts.std() < 2.5 * np.sqrt(400 * 0.455 * 0.545)


def test_where_class_and_source_are_one_nothing_is_balanced():
    groups = [(0, "x")] * 3 + [(1, "y")] * 9
    assert sorted(draw(groups)) == [(index, 0) for index in range(12)]


def as_process(monkeypatch, rank, world):
    monkeypatch.setattr(idist, "get_rank", lambda: rank)
    monkeypatch.setattr(idist, "get_world_size", lambda: world)


@pytest.mark.parametrize("world", [1, 2, 3])
def test_epochs_are_functions_of_seed_and_epoch_whatever_the_processes(monkeypatch, world):
    drawn = balanced_draw(GROUPS, np.random.default_rng([7, 4]))
    shares = []
    for rank in range(world):
        as_process(monkeypatch, rank, world)
        sampler = EpochSampler(GROUPS, 7, groups=GROUPS)
        sampler.set_epoch(4)
        shares.append(list(sampler))
        assert shares[-1] == list(sampler)
        assert len(shares[-1]) == len(sampler)
        sampler.set_epoch(5)
        assert shares[-1] != list(sampler)
    together = [key for keys in zip(*shares, strict=True) for key in keys]
    expected = drawn[: len(GROUPS) // world * world]
    assert together == [(4, i, r) if r else (4, i) for i, r in expected]


def test_repetitions_have_augmentations_of_their_own(images):
    dataset = RadiographDataset(images, training_transforms(size=32), progress=False)
    first, second = dataset[1, 0]["image"], dataset[1, 0, 1]["image"]
    assert not torch.equal(first, second)
    assert torch.equal(second, dataset[1, 0, 1]["image"])
    assert transform_seed(0, 1, 2) == transform_seed(0, 1, 2, 0)


def test_groups_of_a_datalist():
    items = [{"label": 0, "source": "a"}, {"label": 1, "source": ""}, {"label": 1}]
    assert source_groups(items, True) == [(0, "a"), (1, ""), (1, "")]
    assert source_groups(items, False) is None
    with pytest.raises(OptionError, match=r"balance_sources needs the column 'source'"):
        source_groups(items[1:], True)
