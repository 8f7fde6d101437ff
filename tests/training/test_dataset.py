"""Cached images are read once; augmentation is a function of seed, epoch and image alone."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from monai_covid.data.datalists import covid_datalist
from monai_covid.errors import ImageReadError, OptionError, or_exit
from monai_covid.training import EpochSampler, RadiographDataset
from monai_covid.training.dataset import GIGABYTE, transform_seed
from monai_covid.transforms import inference_transforms, read, training_transforms

SIZE = 32
IMAGE_BYTES = SIZE * SIZE * 4


@pytest.fixture
def images(covid, tmp_path):
    """A datalist whose files a test may change."""
    folder = shutil.copytree(covid, tmp_path / "covid")
    return covid_datalist(folder, "training")


@pytest.fixture
def reads(monkeypatch):
    """Count how often each file is read."""
    counted = Counter()
    original = read.read_image

    def counting(path):
        counted[str(path)] += 1
        return original(path)

    monkeypatch.setattr(read, "read_image", counting)
    return counted


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


@pytest.mark.parametrize("change", ["damaged", "missing"])
def test_unreadable_images_with_a_cache_on_disk(images, tmp_path, change):
    if change == "damaged":
        damage(images[0])
    else:
        Path(images[0]["image"]).unlink()
    dataset = training(images, cache_dir=tmp_path / "cache")
    dataset.prepare()
    with pytest.raises(ImageReadError, match=images[0]["name"]):
        dataset[1, 0]


class TestDiskCache:
    def test_a_second_data_set_reads_no_image(self, images, tmp_path, reads):
        first = training(images, cache_dir=tmp_path / "cache")
        shown = [first[1, index]["image"] for index in range(len(images))]
        assert sum(reads.values()) == len(images)
        second = training(images, cache_dir=tmp_path / "cache")
        for index, image in enumerate(shown):
            assert torch.equal(second[1, index]["image"], image)
        assert sum(reads.values()) == len(images)

    def test_a_changed_file_is_read_anew(self, images, tmp_path, reads):
        training(images, cache_dir=tmp_path / "cache")[1, 0]
        path = images[0]["image"]
        Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(path)
        changed = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
        assert reads[path] == 2
        assert torch.equal(changed, training(images)[1, 0]["image"])

    def test_a_changed_label_is_seen(self, images, tmp_path):
        training(images, cache_dir=tmp_path / "cache")[1, 0]
        relabelled = [{**images[0], "label": 2 - images[0]["label"] // 2}]
        found = training(relabelled, cache_dir=tmp_path / "cache")[1, 0]["label"]
        assert found.item() == relabelled[0]["label"]

    @pytest.mark.parametrize("change", [{"size": 48}, {"channels": 3}])
    def test_other_transforms_have_entries_of_their_own(self, images, tmp_path, change):
        settings = {"size": SIZE, "channels": 1}
        for chosen in (settings, {**settings, **change}):
            chain = inference_transforms(**chosen)
            cached = RadiographDataset(images, chain, cache_dir=tmp_path / "cache")[0]["image"]
            assert torch.equal(cached, RadiographDataset(images, chain, cache_gb=0)[0]["image"])

    def test_augmentation_does_not_change_the_key(self, images, tmp_path, reads):
        training(images, cache_dir=tmp_path / "cache")[1, 0]
        other = training_transforms(size=SIZE, rotation_degrees=5.0, flip_probability=0.0)
        RadiographDataset(images, other, cache_dir=tmp_path / "cache")[1, 0]
        assert reads[images[0]["image"]] == 1

    def test_half_an_entry_is_made_anew(self, images, tmp_path, reads):
        expected = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
        (entry,) = (tmp_path / "cache").rglob("*.pt")
        entry.write_bytes(entry.read_bytes()[:100])
        for _ in range(2):
            found = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
            assert torch.equal(found, expected)
        assert reads[images[0]["image"]] == 2

    def test_a_folder_that_cannot_be_made(self, images, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OptionError, match=r"--cache_dir .*file/cache: cannot be written"):
            training(images, cache_dir=tmp_path / "file" / "cache").prepare()
