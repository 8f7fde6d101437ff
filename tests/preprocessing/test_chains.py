import pickle

import numpy as np
import pytest
import torch
from monai.data import CacheDataset, DataLoader, PersistentDataset
from monai.transforms import Compose
from PIL import Image

from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError
from monai_covid.preprocessing.augmentation.chain import augmentation_transforms
from monai_covid.preprocessing.chains import (
    deterministic_transforms,
    inference_transforms,
    normalisation_transforms,
    preprocess_file,
    preprocess_pixels,
    training_transforms,
)
from monai_covid.preprocessing.normalise import StandardizeGreyd
from monai_covid.preprocessing.prepare import ReadRadiographd
from tests.dicom.instances import picture


@pytest.fixture
def samples(tmp_path):
    for number in range(4):
        Image.fromarray(picture(120, 90, seed=number)).save(tmp_path / f"{number}.png")
    return [{"image": tmp_path / f"{number}.png", "label": number} for number in range(4)]


def deterministic(sample, size):
    return Compose(deterministic_transforms(size=size))(sample)["image"]


@pytest.mark.parametrize("make", [training_transforms, inference_transforms])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [64, 224])
def test_output_is_a_plain_contiguous_tensor(samples, make, channels, size):
    result = make(size=size, channels=channels)(samples[0])
    image = result["image"]
    assert type(image) is torch.Tensor
    assert image.dtype == torch.float32
    assert image.shape == (channels, size, size)
    assert image.is_contiguous()
    assert result["label"] == 0
    assert result["image_path"] == str(samples[0]["image"])


def test_normalisation_is_the_one_of_imagenet():
    grey = torch.rand(1, 40, 40)
    one = StandardizeGreyd(["image"])({"image": grey})["image"]
    torch.testing.assert_close(one, (grey - 0.449) / 0.226)
    three = StandardizeGreyd(["image"], channels=3)({"image": grey})["image"]
    for channel, mean, deviation in zip(
        three, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True
    ):
        torch.testing.assert_close(channel, (grey[0] - mean) / deviation)


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(ValueError, match=r"channels is 2; 1 .* or 3"):
        inference_transforms(channels=2)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_function_does_the_same_as_the_chain(samples, channels):
    path = samples[1]["image"]
    expected = inference_transforms(size=96, channels=channels)(samples[1])["image"]
    torch.testing.assert_close(preprocess_file(path, 96, channels), expected, atol=0, rtol=0)
    pixels = read_image(path)
    torch.testing.assert_close(preprocess_pixels(pixels, 96, channels), expected, atol=0, rtol=0)


def test_pixels_may_be_any_view_and_type():
    pixels = picture(bits=16)
    expected = preprocess_pixels(pixels.astype(np.float32), 64)
    flipped_twice = np.ascontiguousarray(pixels[::-1])[::-1]
    torch.testing.assert_close(preprocess_pixels(flipped_twice, 64), expected, atol=0, rtol=0)


def test_placement_fills_with_black():
    placement = augmentation_transforms(size=64, rotation_degrees=0)
    chain = Compose([*placement, *normalisation_transforms()])
    image = chain.set_random_state(0)({"image": torch.ones(1, 64, 64)})["image"]
    torch.testing.assert_close(image.min(), torch.tensor(-0.449 / 0.226))


@pytest.mark.parametrize("size", [112, 224, 448])
def test_translation_scales_with_the_size(size):
    transform = augmentation_transforms(size=size, translation_pixels=28)[0]
    assert transform.translation == pytest.approx(size / 8)


def test_equal_seeds_give_equal_images(samples):
    def images(seed):
        chain = training_transforms(size=64).set_random_state(seed)
        return torch.stack([chain(sample)["image"] for sample in samples * 2])

    torch.testing.assert_close(images(3), images(3), atol=0, rtol=0)
    assert not torch.equal(images(3), images(4))
    assert not torch.equal(images(3)[:4], images(3)[4:])


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_caching_data_sets_cache_the_deterministic_part(samples, tmp_path, kind):
    chain = training_transforms(size=64).set_random_state(0)
    if kind == "memory":
        dataset = CacheDataset(samples, chain, progress=False)
    else:
        dataset = PersistentDataset(samples, chain, cache_dir=tmp_path / "cache")
    first, second = dataset[2]["image"], dataset[2]["image"]
    assert not torch.equal(first, second)
    if kind == "memory":
        cached = dataset._cache[2]
    else:
        cached = torch.load(next((tmp_path / "cache").iterdir()), weights_only=True)
    torch.testing.assert_close(cached["image"], deterministic(samples[2], 64), atol=0, rtol=0)
    Image.fromarray(picture(120, 90, seed=9)).save(samples[2]["image"])
    assert dataset[2]["image"].shape == (1, 64, 64)


def test_batches_from_worker_processes(samples):
    dataset = CacheDataset(samples, training_transforms(size=64), progress=False)
    batch = next(iter(DataLoader(dataset, batch_size=4, num_workers=1)))
    assert type(batch["image"]) is torch.Tensor
    assert batch["image"].shape == (4, 1, 64, 64)
    assert batch["image_path"] == [str(sample["image"]) for sample in samples]


def test_the_chain_can_be_sent_to_another_process(samples):
    chain = training_transforms(size=64)
    copy = pickle.loads(pickle.dumps(chain))
    first = chain.set_random_state(1)(samples[0])["image"]
    torch.testing.assert_close(copy.set_random_state(1)(samples[0])["image"], first)


def test_missing_keys_pass_only_if_allowed():
    with pytest.raises(KeyError, match="image"):
        ReadRadiographd(["image"])({"label": 1})
    assert ReadRadiographd(["image"], allow_missing_keys=True)({"label": 1}) == {"label": 1}


def test_an_unreadable_file_is_named(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(ImageReadError, match=r"empty.png: is empty"):
        preprocess_file(path)
    with pytest.raises(RuntimeError, match="ReadRadiographd") as caught:
        inference_transforms()({"image": path})
    assert isinstance(caught.value.__cause__, ImageReadError)
