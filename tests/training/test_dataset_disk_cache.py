"""Preprocessed images on disk: reused by later runs, and only where they are still right."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from monai_covid.errors import ImageReadError, OptionError
from monai_covid.preprocessing.chains import inference_transforms, training_transforms
from monai_covid.preprocessing.lungs import find
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.dataset import RadiographDataset
from monai_covid.training.disk_cache import transform_hash

SIZE = 32


def training(images, **options):
    options = {"progress": False, **options}
    return RadiographDataset(images, training_transforms(size=SIZE), **options)


def damage(item):
    Path(item["image"]).write_bytes(b"\x89PNG\r\n\x1a\nnothing more")


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


def test_a_second_data_set_reads_no_image(images, tmp_path, reads):
    first = training(images, cache_dir=tmp_path / "cache")
    shown = [first[1, index]["image"] for index in range(len(images))]
    assert sum(reads.values()) == len(images)
    second = training(images, cache_dir=tmp_path / "cache")
    for index, image in enumerate(shown):
        assert torch.equal(second[1, index]["image"], image)
    assert sum(reads.values()) == len(images)


def test_a_changed_file_is_read_anew(images, tmp_path, reads):
    training(images, cache_dir=tmp_path / "cache")[1, 0]
    path = images[0]["image"]
    Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(path)
    changed = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
    assert reads[path] == 2
    assert torch.equal(changed, training(images)[1, 0]["image"])


def test_a_changed_label_is_seen(images, tmp_path):
    training(images, cache_dir=tmp_path / "cache")[1, 0]
    relabelled = [{**images[0], "label": 2 - images[0]["label"] // 2}]
    found = training(relabelled, cache_dir=tmp_path / "cache")[1, 0]["label"]
    assert found.item() == relabelled[0]["label"]


@pytest.mark.parametrize("change", [{"size": 48}, {"channels": 3}])
def test_other_transforms_have_entries_of_their_own(images, tmp_path, change):
    settings = {"size": SIZE, "channels": 1}
    for chosen in (settings, {**settings, **change}):
        chain = inference_transforms(**chosen)
        cached = RadiographDataset(images, chain, cache_dir=tmp_path / "cache")[0]["image"]
        assert torch.equal(cached, RadiographDataset(images, chain, cache_gb=0)[0]["image"])


@pytest.mark.parametrize(
    "change", [{"lungs": "crop"}, {"lungs": "mask"}, {"grey": "local"}, {"text": "inpaint"}]
)
def test_other_preprocessing_has_another_key(change):
    plain = inference_transforms(size=SIZE)
    asked = inference_transforms(size=SIZE, preprocessing=Preprocessing(**change))
    again = inference_transforms(size=SIZE, preprocessing=Preprocessing(**change))
    both = inference_transforms(size=SIZE, preprocessing=Preprocessing("crop", "inpaint", "local"))
    assert transform_hash(asked) == transform_hash(again)
    assert len({transform_hash(chain) for chain in (plain, asked, both)}) == 3


def test_other_weights_of_the_lungs_have_another_key(monkeypatch):
    cut = Preprocessing("crop")
    before = transform_hash(inference_transforms(size=SIZE, preprocessing=cut))
    monkeypatch.setattr(find, "shipped_hash", lambda: "other")
    assert transform_hash(inference_transforms(size=SIZE, preprocessing=cut)) != before


@pytest.mark.parametrize("where", ["disk", "memory"])
def test_images_without_lungs_are_counted(images, tmp_path, caplog, where):
    """The images here are noise, so that none has lungs."""
    chain = training_transforms(size=SIZE, preprocessing=Preprocessing("crop"))
    cache = {"cache_dir": tmp_path / "cache"} if where == "disk" else {}
    dataset = RadiographDataset(images, chain, progress=False, **cache)
    with caplog.at_level("INFO"):
        dataset.prepare()
    count = len(images)
    assert f"Lungs not found in {count} of {count} images: used whole" in caplog.text
    assert torch.equal(dataset[1, 0]["image"], training(images)[1, 0]["image"])


def test_augmentation_does_not_change_the_key(images, tmp_path, reads):
    training(images, cache_dir=tmp_path / "cache")[1, 0]
    other = training_transforms(size=SIZE, rotation_degrees=5.0, flip_probability=0.0)
    RadiographDataset(images, other, cache_dir=tmp_path / "cache")[1, 0]
    assert reads[images[0]["image"]] == 1


def test_half_an_entry_is_made_anew(images, tmp_path, reads):
    expected = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
    (entry,) = (tmp_path / "cache").rglob("*.pt")
    entry.write_bytes(entry.read_bytes()[:100])
    for _ in range(2):
        found = training(images, cache_dir=tmp_path / "cache")[1, 0]["image"]
        assert torch.equal(found, expected)
    assert reads[images[0]["image"]] == 2


def test_a_folder_that_cannot_be_made(images, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match=r"--cache_dir .*file/cache: cannot be written"):
        training(images, cache_dir=tmp_path / "file" / "cache").prepare()
