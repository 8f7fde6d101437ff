"""Lung masks: found on the image, widened, and moved as the image is."""

import pytest
import torch
from monai.transforms import Compose
from scipy.ndimage import binary_dilation

from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.preprocessing.augmentation.placement import Placement, place
from monai_covid.preprocessing.chains import preprocess_file, training_transforms
from monai_covid.preprocessing.normalise import GREY_DEVIATION, GREY_MEAN
from monai_covid.training.dataset import RadiographDataset
from monai_covid.training.relevance_guidance import lung_mask, with_lung_masks

SIZE = 64


@pytest.fixture(scope="module")
def datalist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    write_covid_phantom(
        folder, images_per_class=1, seed=0, options=PhantomOptions(size=SIZE), progress=False
    )
    return [
        {"image": str(path), "label": 0, "name": path.stem, "patient_id": path.stem}
        for path in sorted((folder / "images").glob("*.png"))
    ]


def chain(**placement):
    ranges = {"rotation_degrees": 0, "translation_pixels": 0, "flip_probability": 0}
    return training_transforms(size=SIZE, **{**ranges, **placement})


def dataset(datalist, transform, weight=1.0, margin=0.0, **options):
    guided = with_lung_masks(transform, SIZE, weight=weight, margin=margin)
    return RadiographDataset(datalist, guided, progress=False, **options)


def grey(path):
    return preprocess_file(path, SIZE) * GREY_DEVIATION + GREY_MEAN


def test_the_lungs_of_a_phantom_are_found_and_widened(datalist):
    image = grey(datalist[0]["image"])
    mask = lung_mask(image)
    assert mask.shape == image.shape
    assert mask.dtype == torch.float32
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    cross = binary_dilation(mask[0].numpy() > 0)
    assert torch.equal(lung_mask(image, 1.0)[0] > 0, torch.from_numpy(cross))
    assert torch.equal(lung_mask(image, 0.5), mask)


def test_an_image_without_lungs_has_an_empty_mask():
    noise = torch.rand(1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    for image in (noise, torch.zeros(1, SIZE, SIZE)):
        assert not lung_mask(image, 4.0).any()


def test_the_mask_moves_with_its_image(datalist):
    flipping = dataset(datalist, chain(flip_probability=1.0))
    for index, item in enumerate(datalist):
        mask = lung_mask(grey(item["image"]))
        torch.testing.assert_close(flipping[index]["lung_mask"], mask.flip(2))
    turning = dataset(datalist, chain(rotation_degrees=40, translation_pixels=28))
    found = turning[(3, 0)]
    (placing,) = [step for step in turning._random.transforms if hasattr(step, "placement")]
    assert isinstance(placing.placement, Placement)
    expected = place(lung_mask(grey(datalist[0]["image"])), placing.placement)
    torch.testing.assert_close(found["lung_mask"], expected, atol=1e-5, rtol=0)
    assert not torch.equal(found["lung_mask"], lung_mask(grey(datalist[0]["image"])))


def test_images_are_those_of_a_run_without_penalty(datalist):
    ranges = {"rotation_degrees": 40, "translation_pixels": 28, "flip_probability": 0.5}
    plain, guided = (dataset(datalist, chain(**ranges), weight) for weight in (0.0, 1.0))
    for key in [(0, 0), (1, 2), (5, 1)]:
        assert "lung_mask" not in plain[key]
        assert torch.equal(plain[key]["image"], guided[key]["image"])


def test_the_margin_is_in_pixels_of_224(datalist):
    wide = dataset(datalist, chain(), margin=14.0)[0]["lung_mask"]
    assert torch.equal(wide, lung_mask(grey(datalist[0]["image"]), 4.0))


def test_masks_are_found_once_and_kept_apart_by_margin_on_disk(datalist, tmp_path, monkeypatch):
    calls = []

    def counting(image, margin):
        calls.append(margin)
        return torch.full_like(image, margin)

    monkeypatch.setattr("monai_covid.training.relevance_guidance.lung_mask", counting)
    for _ in range(2):
        for margin in (3.5, 7.0):
            images = dataset(datalist[:1], chain(), margin=margin, cache_dir=tmp_path)
            for epoch in range(2):
                assert images[(epoch, 0)]["lung_mask"].max() == margin * SIZE / 224
    assert calls == [1.0, 2.0]


def test_a_chain_without_random_steps_gets_masks_at_its_end(datalist):
    steps = Compose(chain().transforms[:3])
    assert dataset(datalist, steps)[0]["lung_mask"].any()
