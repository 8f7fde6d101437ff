"""Borders, grey values, erasing and stretching; nothing of it where it is not asked for."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from monai_covid.preprocessing.augmentation.borders import (
    Border,
    RandomBorderd,
    cover_border,
    crop_border,
)
from monai_covid.preprocessing.augmentation.chain import augmentation_transforms
from monai_covid.preprocessing.augmentation.erasing import (
    AREA,
    ASPECT,
    RandomErasingd,
    Rectangle,
    erase,
)
from monai_covid.preprocessing.augmentation.grey_jitter import (
    BLUR,
    GreyChange,
    RandomGreyd,
    blur,
    change_grey,
)
from monai_covid.preprocessing.augmentation.placement import Placement, RandomPlacementd, place
from monai_covid.preprocessing.chains import training_transforms

NOTHING = GreyChange(0.0, 1.0, 1.0, 0.0, 0.0, 0)
ALL_ON = {
    "aspect_range": 0.2,
    "border_probability": 1.0,
    "grey_jitter": 0.5,
    "erase_probability": 1.0,
}


@pytest.fixture
def image():
    return torch.rand((1, 60, 80), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("fill", "mode"), [("black", "grid-constant"), ("edge", "nearest")])
def test_stretching_agrees_with_scipy(image, fill, mode):
    taller, wider = 1.25, 0.8
    centre = (np.array(image.shape[1:]) - 1) / 2
    scale = np.array([1 / taller, 1 / wider])
    expected = ndimage.affine_transform(
        image[0].numpy(), scale, centre - scale * centre, order=1, mode=mode
    )
    found = place(image, Placement(0.0, 0.0, 0.0, False, taller=taller, wider=wider), fill)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_a_picture_is_stretched_before_it_is_turned():
    image = torch.zeros(1, 65, 65)
    image[0, 32, 42] = 1  # ten to the right of the centre
    turned = place(image, Placement(math.pi / 2, 0, 0, False, wider=1.5))
    assert divmod(int(turned.argmax()), 65) == (17, 32)


def test_what_is_left_free_is_filled_as_asked_for(image):
    moved = Placement(0.0, 20, 0, False)
    black, edge = place(image, moved), place(image, moved, "edge")
    torch.testing.assert_close(black[0, 20:], edge[0, 20:], atol=1e-4, rtol=0)
    assert not black[0, :19].any()
    torch.testing.assert_close(edge[0, :19], image[0, :1].expand(19, -1), atol=1e-5, rtol=0)
    steps = training_transforms(size=32, placement_fill="edge").transforms
    (placement,) = (step for step in steps if isinstance(step, RandomPlacementd))
    turned = placement.set_random_state(1)({"image": torch.ones(1, 32, 32)})["image"]
    torch.testing.assert_close(turned, torch.ones(1, 32, 32), atol=1e-5, rtol=0)


def test_factors_are_uniform_by_their_logarithm():
    transform = RandomPlacementd(["image"], aspect_range=0.2).set_random_state(0)
    drawn = []
    for _ in range(2000):
        transform.randomize()
        drawn.append((transform.placement.taller, transform.placement.wider))
    logarithms = np.log(drawn) / math.log(1.2)
    assert np.abs(logarithms).max() <= 1
    for axis in logarithms.T:
        assert stats.kstest(axis, "uniform", args=(-1, 2)).pvalue > 0.001
    assert abs(np.corrcoef(logarithms.T)[0, 1]) < 0.08


def test_without_stretching_the_same_numbers_are_drawn_as_ever():
    transform = RandomPlacementd(["image"], 40, 28, 0.5).set_random_state(5)
    state = np.random.RandomState(5)
    for _ in range(3):
        transform.randomize()
        state.uniform()  # RandomizableTransform draws one for its own probability
        rotation, down, right, flip = state.uniform(-1.0, 1.0, 4)
        expected = (math.radians(40) * rotation, 28 * down, 28 * right, (flip + 1) / 2 < 0.5)
        assert transform.placement == pytest.approx((*expected, 1.0, 1.0))


def test_a_covered_border(image):
    covered = cover_border(image, Border(3, 5, 7, 11), 0.25)
    inner = torch.zeros_like(image, dtype=torch.bool)
    inner[:, 3:55, 7:69] = True
    assert torch.equal(covered[inner], image[inner])
    assert (covered[~inner] == 0.25).all()


def test_a_cropped_border_shows_the_inner_part_alone(image):
    framed = cover_border(image, Border(6, 6, 8, 8), 9.0)
    cropped = crop_border(framed, Border(6, 6, 8, 8))
    assert cropped.shape == image.shape
    assert cropped.max() < 1
    assert torch.equal(crop_border(image, Border(0, 0, 0, 0)), image)


def test_borders_are_of_three_kinds_and_all_widths(image):
    transform = RandomBorderd("image", 0.6).set_random_state(0)
    kinds, shares = [], []
    for _ in range(3000):
        result = transform({"image": image})["image"]
        if not transform._do_transform:
            assert result is image
            kinds.append("none")
            continue
        kinds.append("cropped" if transform.cropped else "grey" if transform.grey else "black")
        shares.append(transform.shares.copy())
    counts = [kinds.count(kind) for kind in ("none", "cropped", "black", "grey")]
    assert stats.chisquare(counts, [1200, 600, 600, 600]).pvalue > 0.001
    for side in np.array(shares).T:
        assert stats.kstest(side, "uniform", args=(0, 0.15)).pvalue > 0.001


def test_masks_go_with_their_images():
    mask = torch.ones(1, 64, 64)
    transform = RandomBorderd("image", 1.0, mask_keys=("mask",)).set_random_state(0)
    kinds = set()
    for _ in range(20):
        result = transform({"image": mask * 0.3, "mask": mask})
        inside = torch.isclose(result["image"], torch.tensor(0.3))
        assert torch.equal(result["mask"] == 1, inside)
        assert transform.cropped or not result["mask"][~inside].any()
        kinds.add(transform.cropped)
    assert kinds == {False, True}
    assert set(transform({"image": mask})) == {"image"}


def test_strips_no_longer_tell_what_was_in_them():
    """Two classes that differ in their outermost strip alone become one where it is covered."""
    dark, bright = torch.full((1, 64, 64), 0.5), torch.full((1, 64, 64), 0.5)
    dark[:, :1], bright[:, :1] = 0.0, 1.0
    transform = RandomBorderd("image", 1.0).set_random_state(0)
    same = 0
    for _ in range(200):
        transform.randomize()
        border = transform._border(dark)
        change = crop_border if transform.cropped else cover_border
        results = [change(each, border) for each in (dark, bright)]
        same += torch.equal(*results)
        assert torch.equal(*results) == (border.top >= 1)
    assert same > 150


def test_an_erased_rectangle(image):
    erased = erase(image, Rectangle(0.1, 0.25, 0.5, 0.25), 0.7)
    inside = torch.zeros_like(image, dtype=torch.bool)
    inside[:, 6:36, 20:40] = True
    assert (erased[inside] == 0.7).all()
    assert torch.equal(erased[~inside], image[~inside])


def test_rectangles_have_the_sizes_of_the_paper():
    transform = RandomErasingd("image", 0.5).set_random_state(0)
    rectangles = []
    for _ in range(2000):
        transform.randomize()
        if transform._do_transform:
            rectangles.append(transform.rectangle)
    assert stats.binomtest(len(rectangles), 2000, 0.5).pvalue > 0.001
    top, left, height, width = np.array(rectangles).T
    assert min(top.min(), left.min()) >= 0
    assert max((top + height).max(), (left + width).max()) <= 1
    area, ratio = height * width, np.log(height / width) / math.log(ASPECT)
    assert stats.kstest(area, "uniform", args=(AREA[0], AREA[1] - AREA[0])).pvalue > 0.001
    assert stats.kstest(ratio, "uniform", args=(-1, 2)).pvalue > 0.001


def test_each_change_of_grey_values_has_its_formula(image):
    assert torch.equal(change_grey(image, NOTHING), image)
    gamma = change_grey(image, NOTHING._replace(gamma=1.3))
    torch.testing.assert_close(gamma, image**1.3)
    changed = change_grey(image, NOTHING._replace(contrast=1.4, brightness=0.05))
    torch.testing.assert_close(changed, (0.5 + 1.4 * (image - 0.5) + 0.05).clip(0, 1))
    middle = torch.full((1, 200, 200), 0.5)
    noise = change_grey(middle, NOTHING._replace(noise=0.03, seed=4)) - 0.5
    assert stats.kstest(noise.ravel().numpy(), "norm", args=(0, 0.03)).pvalue > 0.001
    again = change_grey(middle, NOTHING._replace(noise=0.03, seed=5)) - 0.5
    assert not torch.equal(noise, again)


@pytest.mark.parametrize("deviation", [0.1, 0.5, 1.3])
def test_blur_agrees_with_scipy(image, deviation):
    reach = max(1, math.ceil(3 * deviation))
    expected = ndimage.gaussian_filter(
        image[0].double().numpy(), deviation, mode="nearest", radius=reach
    )
    np.testing.assert_allclose(blur(image, deviation)[0].numpy(), expected, atol=1e-6)


def test_grey_changes_are_drawn_within_their_ranges():
    transform = RandomGreyd("image", 0.5).set_random_state(0)
    drawn = []
    for _ in range(2000):
        transform.randomize()
        drawn.append(transform.change)
    sigma, gamma, contrast, brightness, noise, _ = np.array(drawn).T
    for factor in (gamma, contrast):
        scaled = np.log(factor) / math.log(1.5)
        assert stats.kstest(scaled, "uniform", args=(-1, 2)).pvalue > 0.001
    assert stats.kstest(brightness, "uniform", args=(-0.125, 0.25)).pvalue > 0.001
    for value, limit in ((sigma, 0.5 * BLUR), (noise, 0.05)):
        assert stats.binomtest(int((value > 0).sum()), 2000, 0.5).pvalue > 0.001
        assert stats.kstest(value[value > 0], "uniform", args=(0, limit)).pvalue > 0.001


@pytest.mark.parametrize(
    "transform",
    [
        RandomBorderd(["image", "copy"], 1.0),
        RandomErasingd(["image", "copy"], 1.0),
        RandomGreyd(["image", "copy"], 0.5),
    ],
)
def test_plain_tensors_of_their_own_the_same_for_all_keys_and_every_seed(image, transform):
    before = image.clone()
    sample = {"image": image, "copy": image}
    first = transform.set_random_state(3)(sample)
    assert torch.equal(image, before)
    assert type(first["image"]) is torch.Tensor
    assert first["image"].dtype == torch.float32
    assert first["image"].is_contiguous()
    assert 0 <= first["image"].min() <= first["image"].max() <= 1
    assert torch.equal(first["image"], first["copy"])
    assert not torch.equal(first["image"], image)
    assert torch.equal(transform.set_random_state(3)(sample)["image"], first["image"])
    assert not torch.equal(transform.set_random_state(4)(sample)["image"], first["image"])


def test_without_options_the_chain_is_that_of_the_publication():
    assert [type(step) for step in augmentation_transforms()] == [RandomPlacementd]
    (placement,) = augmentation_transforms()
    assert placement.aspect_range == 0


def test_the_order_of_the_chain():
    kinds = [type(step) for step in augmentation_transforms(**ALL_ON)]
    assert kinds == [RandomGreyd, RandomBorderd, RandomPlacementd, RandomErasingd]
    steps = training_transforms(size=32, **ALL_ON).transforms
    assert [type(step) for step in steps if type(step) in kinds] == kinds


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomBorderd("image", 1.1), r"probability 1\.1"),
        (lambda: RandomBorderd("image", 0.5, 0.5), r"largest_share 0\.5"),
        (lambda: RandomErasingd("image", -0.1), r"probability is -0\.1"),
        (lambda: RandomGreyd("image", 2), "strength is 2"),
        (lambda: RandomPlacementd("image", aspect_range=-0.1), r"aspect_range is -0\.1"),
        (lambda: RandomPlacementd("image", fill="white"), "fill is 'white'; .*black, edge"),
    ],
)
def test_impossible_arguments(make, words):
    with pytest.raises(ValueError, match=words):
        make()
