import sys

import numpy as np
import pytest
import torch
from monai.transforms import Compose

from monai_covid.errors import OptionError
from monai_covid.preprocessing.chains import (
    deterministic_transforms,
    inference_transforms,
    prepare_pixels,
    preprocess_pixels,
)
from monai_covid.preprocessing.grey_levels import stretch_grey
from monai_covid.preprocessing.normalise import GREY_MEAN
from monai_covid.preprocessing.prepare import PrepareRadiographd, looks_for_lungs, prepare_grey
from monai_covid.preprocessing.region import find_region
from monai_covid.preprocessing.resize import resize_to_square
from monai_covid.preprocessing.settings import GREY, PLAIN, Preprocessing
from monai_covid.preprocessing.text.remove import inpaint
from tests.preprocessing.chests import chest, stranger

SIZE = 64
CUT = ("crop", "mask", "crop_mask")


def grey(pixels, preprocessing, size=SIZE):
    return prepare_grey(pixels, size, preprocessing, find_region(pixels, preprocessing))


def test_a_crop_is_what_the_cut_image_gives():
    pixels = chest().pixels
    prepared = prepare_pixels(pixels, SIZE, 1, Preprocessing("crop"))
    top, bottom, first, last = prepared.region.box
    expected = preprocess_pixels(pixels[top:bottom, first:last], SIZE)
    assert torch.equal(prepared.image, expected)
    assert not torch.equal(expected, preprocess_pixels(pixels, SIZE))


@pytest.mark.parametrize("lungs", ["mask", "crop_mask"])
@pytest.mark.parametrize("contrast", GREY)
def test_what_is_hidden_leaves_no_trace(lungs, contrast):
    """Whatever stands outside the lungs, the network gets the same."""
    preprocessing = Preprocessing(lungs, grey=contrast)
    pixels = chest().pixels.astype(np.float32)
    region = find_region(pixels, preprocessing)
    seen = find_region(pixels, Preprocessing("mask")).visible
    changed = np.where(seen, pixels, stranger(pixels.shape) * 40 - 900).astype(np.float32)
    expected = prepare_grey(pixels, SIZE, preprocessing, region)
    assert torch.equal(prepare_grey(changed, SIZE, preprocessing, region), expected)
    hidden = torch.isclose(expected, torch.tensor(GREY_MEAN), atol=1e-6)
    assert 0.05 < hidden.float().mean() < 0.6
    assert expected[0, SIZE // 2].std() > 0.05


def test_what_is_hidden_becomes_zero_for_the_network():
    prepared = prepare_pixels(chest().pixels, SIZE, 1, Preprocessing("mask"))
    assert prepared.image[0, 0, 0] == pytest.approx(0, abs=1e-6)
    assert prepared.image[0, -1, -1] == pytest.approx(0, abs=1e-6)


def test_the_histogram_of_what_is_seen_is_flat():
    found = grey(chest(size=400).pixels, Preprocessing("crop_mask"), 400)
    values = found[found != GREY_MEAN]
    shares = np.histogram(values.numpy(), 4, (0, 1))[0] / values.numel()
    assert shares == pytest.approx([0.25] * 4, abs=0.06)


@pytest.mark.parametrize("lungs", CUT)
def test_an_image_without_lungs_is_used_whole(lungs):
    pixels = stranger()
    prepared = prepare_pixels(pixels, SIZE, 1, Preprocessing(lungs))
    assert torch.equal(prepared.image, preprocess_pixels(pixels, SIZE))
    assert prepared.region.fallback


def test_a_changed_version_is_shown_by_the_region_of_the_image():
    pixels = chest().pixels.astype(np.float32)
    region = find_region(pixels, Preprocessing("crop"))
    blank = np.where(chest().lung_mask, 0, pixels).astype(np.float32)
    shown = prepare_pixels(blank, SIZE, 1, Preprocessing("crop"), region)
    top, bottom, first, last = region.box
    assert torch.equal(shown.image, preprocess_pixels(blank[top:bottom, first:last], SIZE))


def test_text_is_painted_over():
    case = chest(1, 320, text=True)
    preprocessing = Preprocessing(text="inpaint")
    region = find_region(case.pixels, preprocessing)
    assert (region.text & case.text_mask).sum() > 0.9 * case.text_mask.sum()
    assert region.text.mean() < 0.1
    shown = prepare_grey(case.pixels, SIZE, preprocessing, region)
    painted = inpaint(case.pixels, region.text)
    assert torch.equal(shown, prepare_grey(painted, SIZE, PLAIN, region._replace(text=None)))
    # Another word in its place, and the network gets the same.
    other = np.where(region.text, stranger(case.pixels.shape), case.pixels).astype(np.float32)
    assert torch.equal(prepare_grey(other, SIZE, preprocessing, region), shown)


def test_the_transform_notes_what_it_shows():
    case = chest(2)
    chain = PrepareRadiographd("image", SIZE, Preprocessing("crop", grey="local"))
    found = chain({"image": torch.from_numpy(case.pixels.astype(np.float32))[None]})
    expected = prepare_pixels(case.pixels, SIZE, 1, Preprocessing("crop", grey="local")).region
    assert tuple(found["image_box"].tolist()) == expected.box
    assert found["image_fallback"] == ""
    nothing = chain({"image": torch.from_numpy(stranger())[None]})
    assert nothing["image_box"].tolist() == [0, 200, 0, 160]
    assert "chest" in nothing["image_fallback"] or "lung" in nothing["image_fallback"]


def test_local_contrast_is_applied_to_what_is_shown():
    pixels = chest().pixels
    plain, local = (
        grey(pixels, Preprocessing("crop", grey=name)) for name in ("equalise", "local")
    )
    assert local.mean() == pytest.approx(0.5, abs=0.05)
    assert not torch.allclose(plain, local, atol=0.05)


def test_stretched_values_keep_the_shape_of_the_histogram():
    pixels = chest().pixels.astype(np.float32)
    found = grey(pixels, Preprocessing(grey="stretch"))
    assert torch.equal(found, resize_to_square(stretch_grey(torch.from_numpy(pixels)[None]), SIZE))
    inside = grey(pixels, Preprocessing("crop", grey="stretch"))
    top, bottom, first, last = find_region(pixels, Preprocessing("crop")).box
    assert torch.equal(inside, grey(pixels[top:bottom, first:last], Preprocessing(grey="stretch")))


def test_plain_chains_are_as_ever():
    names = [type(step).__name__ for step in deterministic_transforms(size=SIZE)]
    assert names == ["ReadRadiographd", "EqualizeHistogramd", "SquareResized"]
    assert not looks_for_lungs(inference_transforms(size=SIZE))
    local = inference_transforms(size=SIZE, preprocessing=Preprocessing(grey="local"))
    assert not looks_for_lungs(local)
    assert looks_for_lungs(Compose([PrepareRadiographd("image", SIZE, Preprocessing("mask"))]))


def test_a_missing_reader_of_text_is_named_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    with pytest.raises(OptionError, match=r"reading text needs rapidocr_onnxruntime: pip install"):
        inference_transforms(preprocessing=Preprocessing(text="inpaint"))


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="size is 0"):
        PrepareRadiographd("image", 0, Preprocessing("crop"))
