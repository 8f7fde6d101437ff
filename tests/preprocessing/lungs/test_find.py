"""The shipped network on synthetic chests and on what is none."""

import functools

import numpy as np
import pytest
from scipy.ndimage import zoom

from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS
from monai_covid.preprocessing.lungs.find import find_lungs

SEED = 9100
"""A seed of the phantom that neither training nor the choice of the limits has seen."""


@functools.cache
def chest(index=0, label="normal", size=256):
    return generate_covid_case(SEED, index, label, PhantomOptions(size=size, vary_shape=True))


def dice(mask, truth):
    return 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth))


@pytest.mark.parametrize("label", COVID_LABELS)
def test_dice_on_phantoms(label):
    found = [find_lungs(chest(index, label).pixels) for index in range(8)]
    scores = [dice(one.mask, chest(index, label).lung_mask) for index, one in enumerate(found)]
    assert np.mean(scores) > 0.95
    assert min(scores) > 0.9
    assert all(one.plausible for one in found), [one.reason for one in found]


@pytest.mark.parametrize("finding", ["Effusion", "Edema", "Cardiomegaly", "Pneumothorax"])
def test_dice_with_other_findings(finding):
    case = generate_nih_case(SEED, 3, [finding], PhantomOptions())
    assert dice(find_lungs(case.pixels).mask, case.lung_mask) > 0.85


def test_sides_are_those_of_the_image():
    fields = find_lungs(chest().pixels)
    left, right = (np.argwhere(side).mean(axis=0)[1] for side in (fields.left, fields.right))
    assert left < chest().pixels.shape[1] / 2 < right
    assert not (fields.left & fields.right).any()


def test_mirrored_image_gives_mirrored_fields():
    mirrored = find_lungs(chest().pixels[:, ::-1])
    fields = find_lungs(chest().pixels)
    assert mirrored.plausible
    assert dice(mirrored.left[:, ::-1], fields.right) > 0.93


@pytest.mark.parametrize(("scale", "offset"), [(1 / 255, 0.0), (16.0, -1024.0), (1e-4, 7.0)])
def test_scale_of_grey_values_is_irrelevant(scale, offset):
    pixels = chest().pixels.astype(np.float64)
    changed = find_lungs(pixels * scale + offset)
    assert dice(changed.mask, find_lungs(pixels).mask) > 0.999


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_type_of_grey_values_is_irrelevant(dtype):
    pixels = chest().pixels
    np.testing.assert_array_equal(find_lungs(pixels.astype(dtype)).mask, find_lungs(pixels).mask)


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.7])
def test_size_of_the_image_is_nearly_irrelevant(factor):
    pixels = chest().pixels.astype(np.float32)
    resized = zoom(pixels, factor, order=1, grid_mode=True, mode="nearest")
    fields = find_lungs(resized)
    truth = zoom(chest().lung_mask.astype(float), factor, order=1, grid_mode=True, mode="nearest")
    assert fields.mask.shape == resized.shape
    assert fields.plausible
    assert dice(fields.mask, truth > 0.5) > 0.93


def test_same_twice_and_input_untouched():
    pixels = chest().pixels.copy()
    first, second = find_lungs(pixels), find_lungs(pixels)
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_array_equal(pixels, chest().pixels)
    assert first.chest_score == second.chest_score


TURNS = {
    "on its side": lambda image: np.rot90(image, 1),
    "on its other side": lambda image: np.rot90(image, 3),
    "upside down": lambda image: np.rot90(image, 2),
    "inverted": lambda image: 255 - image,
}


@pytest.mark.parametrize("turn", TURNS)
def test_turned_chests_are_not_plausible(turn):
    fields = [find_lungs(TURNS[turn](chest(index).pixels)) for index in range(5)]
    assert not any(one.plausible for one in fields)
    assert all(one.reason for one in fields)


STRANGERS = {
    "noise": lambda: np.random.default_rng(0).random((200, 200)),
    "gradient": lambda: np.add.outer(np.arange(200.0), np.arange(200.0)),
    "stripes": lambda: np.sin(np.arange(200) / 5)[None] * np.arange(200)[:, None],
    "one lung": lambda: chest().pixels[:, : chest().pixels.shape[1] // 2],
    "belly": lambda: chest().pixels[200:],
}


@pytest.mark.parametrize("name", STRANGERS)
def test_other_images_are_not_plausible(name):
    fields = find_lungs(STRANGERS[name]())
    assert not fields.plausible
    assert fields.reason


@pytest.mark.parametrize("value", [0, 255, -3.5])
def test_constant_image(value):
    fields = find_lungs(np.full((100, 120), value, dtype=np.float32))
    assert not fields.plausible
    assert "grey value" in fields.reason
    assert fields.mask.shape == (100, 120)
    assert not fields.mask.any()
    assert fields.box is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (20, 200), (31, 31)])
def test_tiny_images_are_refused_with_their_size(shape):
    fields = find_lungs(np.random.default_rng(0).random(shape))
    assert not fields.plausible
    assert f"{shape[0]} x {shape[1]}" in fields.reason
    assert fields.mask.shape == shape


@pytest.mark.parametrize("shape", [(40, 2000), (2000, 40)])
def test_huge_aspect_ratios_are_refused(shape):
    fields = find_lungs(np.random.default_rng(0).random(shape))
    assert not fields.plausible
    assert "to 1" in fields.reason


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((3, 64, 64)), r"\(3, 64, 64\)"),
        (np.zeros((0, 64)), r"\(0, 64\)"),
        (np.full((64, 64), np.nan), "4096 pixels are not finite"),
        (np.zeros((64, 64), dtype=complex), "complex128"),
    ],
)
def test_unusable_input(pixels, message):
    with pytest.raises(ValueError, match=message):
        find_lungs(pixels)
