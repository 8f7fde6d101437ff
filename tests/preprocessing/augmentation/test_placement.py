import math

import numpy as np
import pytest
import torch
from monai.transforms import Affine
from scipy import stats

from monai_covid.preprocessing.augmentation.placement import Placement, RandomPlacementd, place


@pytest.mark.parametrize("shape", [(1, 224, 224), (3, 112, 112), (1, 97, 64)])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("degrees", [0, 17, -40])
def test_agrees_with_affine_then_flip_of_monai(shape, flipped, degrees):
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    angle, down, right = math.radians(degrees), 12.3, -7.9
    # MONAI maps from result to source, hence the signs.
    affine = Affine(
        rotate_params=-angle,
        translate_params=(-down, -right),
        padding_mode="zeros",
        image_only=True,
    )
    expected = torch.as_tensor(affine(image))
    expected = expected.flip(2) if flipped else expected
    found = place(image, Placement(angle, down, right, flipped))
    assert found.is_contiguous()
    assert type(found) is torch.Tensor
    torch.testing.assert_close(found, expected.as_subclass(torch.Tensor), atol=1e-4, rtol=0)


def test_directions():
    image = torch.zeros(1, 65, 65)
    image[0, 32, 52] = 1  # right of the centre

    def position(placement):
        return divmod(int(place(image, placement).argmax()), 65)

    assert position(Placement(0, 0, 0, False)) == (32, 52)
    assert position(Placement(math.pi / 2, 0, 0, False)) == (12, 32)
    assert position(Placement(0, 5, 3, False)) == (37, 55)
    assert position(Placement(0, 5, 3, True)) == (37, 9)


def test_outside_is_black():
    placed = place(torch.ones(1, 64, 64), Placement(0, 20, 0, False))
    assert not placed[:, :20].any()
    torch.testing.assert_close(placed[:, 20:], torch.ones(1, 44, 64))


@pytest.fixture(scope="module")
def placements():
    transform = RandomPlacementd(["image"], 40, 28, 0.5).set_random_state(0)
    drawn = []
    for _ in range(4000):
        transform.randomize()
        drawn.append(transform.placement)
    return drawn


@pytest.mark.parametrize(
    ("field", "limit"), [("rotation", math.radians(40)), ("down", 28), ("right", 28)]
)
def test_ranges_are_used_uniformly(placements, field, limit):
    values = np.array([getattr(placement, field) for placement in placements])
    assert np.abs(values).max() <= limit
    assert stats.kstest(values, "uniform", args=(-limit, 2 * limit)).pvalue > 0.001


def test_half_are_flipped_independently_of_the_rest(placements):
    flipped = np.array([placement.flipped for placement in placements])
    rotation = np.array([placement.rotation for placement in placements])
    assert stats.binomtest(int(flipped.sum()), len(flipped), 0.5).pvalue > 0.001
    assert abs(np.corrcoef(flipped, rotation)[0, 1]) < 0.06


@pytest.mark.parametrize(("probability", "flipped"), [(0, {False}), (1, {True})])
def test_flips_can_be_certain(probability, flipped):
    transform = RandomPlacementd(["image"], 0, 0, probability).set_random_state(0)
    image = torch.rand(1, 40, 40)
    found = set()
    for _ in range(50):
        result = transform({"image": image})["image"]
        found.add(transform.placement.flipped)
    assert found == flipped
    torch.testing.assert_close(result, image.flip(2) if probability else image)


def test_all_keys_are_placed_alike():
    image = torch.rand(1, 40, 40)
    result = RandomPlacementd(["image", "mask"])({"image": image, "mask": image})
    torch.testing.assert_close(result["image"], result["mask"])
    assert not torch.equal(result["image"], image)


@pytest.mark.parametrize("wrong", [(-1, 28, 0.5), (40, -1, 0.5), (40, 28, 1.5)])
def test_impossible_ranges_are_refused(wrong):
    with pytest.raises(ValueError, match=r"rotation_degrees .* flip_probability"):
        RandomPlacementd(["image"], *wrong)
