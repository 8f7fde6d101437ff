"""Cached images are read once; augmentation is a function of seed, epoch and image alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from monai_covid.errors import or_exit
from monai_covid.preprocessing.chains import inference_transforms, training_transforms
from monai_covid.training.dataset import GIGABYTE, RadiographDataset, cache_share, transform_seed
from monai_covid.training.sampling import EpochSampler

SIZE = 32
IMAGE_BYTES = SIZE * SIZE * 4


def training(images, **options):
    options = {"progress": False, **options}
    return RadiographDataset(images, training_transforms(size=SIZE), **options)


def epoch_images(dataset, epoch, workers=0, batch=4):
    sampler = EpochSampler(dataset, seed=0)
    sampler.set_epoch(epoch)
    loader = DataLoader(dataset, batch_size=batch, sampler=sampler, num_workers=workers)
    collected = list(loader)
    names = [name for part in collected for name in part["name"]]
    return names, torch.cat([part["image"] for part in collected])


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_workers_change_nothing(images, tmp_path, cache):
    options = {
        "memory": {},
        "disk": {"cache_dir": tmp_path / "cache"},
        "none": {"cache_gb": 0},
    }[cache]
    names, alone = epoch_images(training(images), 1)
    dataset = training(images, **options)
    dataset.prepare()
    names_of_two, two = epoch_images(dataset, 1, workers=2)
    assert names == names_of_two
    assert torch.equal(alone, two)


def test_the_order_of_access_changes_nothing(images):
    keys = [(epoch, index) for epoch in (1, 2) for index in range(len(images))]
    first, second = training(images), training(images)
    forwards = {key: first[key]["image"] for key in keys}
    backwards = {key: second[key]["image"] for key in reversed(keys)}
    assert all(torch.equal(forwards[key], backwards[key]) for key in keys)


def test_epochs_seeds_and_images_have_placements_of_their_own(images):
    same_picture = [images[0], {**images[0], "name": "copy"}]
    dataset = training(same_picture)
    shown = dataset[1, 0]["image"]
    assert torch.equal(shown, dataset[1, 0]["image"])
    assert not torch.equal(shown, dataset[2, 0]["image"])
    assert not torch.equal(shown, dataset[1, 1]["image"])
    assert not torch.equal(shown, training(same_picture, seed=1)[1, 0]["image"])


def test_global_random_numbers_are_neither_used_nor_changed(images):
    dataset = training(images)
    dataset.prepare()
    np.random.seed(1)
    torch.manual_seed(1)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first = dataset[1, 0]["image"]
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    np.random.seed(2)
    torch.manual_seed(2)
    assert torch.equal(first, dataset[1, 0]["image"])


def test_seeds_do_not_collide():
    seeds = {transform_seed(s, e, i) for s in range(3) for e in range(20) for i in range(100)}
    assert len(seeds) > 5990
    assert max(seeds) < 2**32


def test_images_in_memory_are_read_once(images, reads):
    dataset = training(images)
    dataset.prepare()
    for epoch in range(3):
        for index in range(len(images)):
            dataset[epoch, index]
    once_more = images[0]["image"]
    assert reads.pop(once_more) == 2  # its size is learnt first
    assert set(reads.values()) == {1}
    assert len(reads) == len(images) - 1


def test_images_beyond_the_cache_are_read_at_each_access(images, reads):
    dataset = training(images, cache_gb=3.5 * IMAGE_BYTES / GIGABYTE)
    dataset.prepare()
    assert sum(reads.values()) == 4
    for epoch in range(2):
        for index in range(len(images)):
            dataset[epoch, index]
    assert [reads[item["image"]] for item in images] == [2, 1, 1] + [2] * (len(images) - 3)


def test_the_cache_is_not_touched_by_the_random_part(images):
    dataset = RadiographDataset(images, inference_transforms(size=SIZE), progress=False)
    before = dataset[0]["image"].clone()
    placed = training(images)
    assert not torch.equal(placed[1, 0]["image"], placed[2, 0]["image"])
    assert torch.equal(placed[1, 0]["image"], training(images)[1, 0]["image"])
    assert torch.equal(dataset[0]["image"], before)


def test_items_are_the_same_with_every_cache(images, tmp_path):
    stored = training(images, cache_dir=tmp_path / "cache")
    for repeat in range(2):
        for index in (0, 1):
            items = [training(images), training(images, cache_gb=0), stored]
            first, *others = [dataset[repeat, index] for dataset in items]
            assert set(first) == {"image", "label", "name", "patient_id"}
            assert first["image"].shape == (1, SIZE, SIZE)
            assert first["image"].dtype == torch.float32
            for other in others:
                assert torch.equal(first["image"], other["image"])
                assert torch.equal(first["label"], other["label"])
                assert first["name"] == other["name"]


def test_labels_become_batches(images):
    findings = [{**item, "label": [0.0, 1.0, 1.0]} for item in images[:3]]
    multi = next(iter(DataLoader(training(findings), batch_size=3)))
    assert multi["label"].tolist() == [[0, 1, 1]] * 3
    assert multi["label"].dtype == torch.float32
    single = next(iter(DataLoader(training(images[:3]), batch_size=3)))
    assert single["label"].tolist() == [item["label"] for item in images[:3]]
    assert single["label"].dtype == torch.int64


def damage(item):
    Path(item["image"]).write_bytes(b"\x89PNG\r\n\x1a\nnothing more")


@pytest.mark.parametrize("cache_gb", [4.0, 0.0])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_ends_in_one_line(images, cache_gb, workers):
    damage(images[5])

    def train():
        dataset = training(images, cache_gb=cache_gb)
        dataset.prepare()
        epoch_images(dataset, 1, workers)

    with pytest.raises(SystemExit) as exit_:
        or_exit(train)
    assert str(exit_.value.code).startswith(f"error: {images[5]['image']}: ")
    assert "Traceback" not in str(exit_.value.code)


def test_data_sets_and_processes_share_the_memory(monkeypatch):
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert cache_share(4.0, range(30), range(10)) == 3.0
    assert cache_share(4.0, range(10), range(30)) == 1.0
    assert cache_share(4.0, [], []) == 0.0
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert cache_share(4.0, range(30), range(10)) == 1.5
