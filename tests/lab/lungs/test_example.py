import numpy as np
import pytest

from monai_covid.lab.lungs.chest import SOURCE_SIZE, draw_chest
from monai_covid.lab.lungs.clutter import add_clutter
from monai_covid.lab.lungs.example import VIEWS_PER_CHEST, draw_examples, draw_view, sample
from monai_covid.lab.lungs.out_of_distribution import draw_out_of_distribution, rotate


@pytest.fixture(scope="module")
def chest():
    return draw_chest(np.random.default_rng(4))


@pytest.fixture(scope="module")
def examples():
    return [one for number in range(4) for one in draw_examples(0, number)]


def test_fields_lie_on_their_sides(chest):
    left, right = (np.argwhere(side).mean(axis=0) for side in (chest.left, chest.right))
    assert left[1] < SOURCE_SIZE / 2 < right[1]
    assert not (chest.left * chest.right).any()
    assert all(np.isfinite(values).all() for values in chest)


def test_examples_follow_from_seed_and_number(examples):
    again = draw_examples(0, 0)
    for one, other in zip(examples[:VIEWS_PER_CHEST], again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.fields, other.fields)
    assert not np.array_equal(examples[0].image, draw_examples(1, 0)[0].image)


def test_strangers_have_no_fields_and_chests_have_two(examples):
    kinds = {one.is_chest for one in examples}
    assert kinds == {0.0, 1.0}
    for one in examples:
        areas = one.fields.mean(axis=(1, 2))
        assert (areas > 0.01).all() if one.is_chest else not areas.any()
        assert np.isfinite(one.image).all()


def test_left_stays_left_in_mirrored_views(chest):
    random = np.random.default_rng(0)
    for _ in range(8):
        _, fields = draw_view(chest, random)
        columns = [np.argwhere(side).mean(axis=0)[1] for side in fields]
        assert columns[0] < columns[1]


def test_sampling_at_the_pixels_is_the_identity():
    maps = np.random.default_rng(0).random((2, 16, 16)).astype(np.float32)
    centres = (2 * np.arange(16) + 1) / 16 - 1
    coordinates = np.stack(np.meshgrid(centres, centres), axis=-1).astype(np.float32)
    np.testing.assert_allclose(sample(maps, coordinates), maps, atol=1e-5)


def test_clutter_changes_little_of_the_image():
    random = np.random.default_rng(0)
    image = np.full((128, 128), 0.5, dtype=np.float32)
    changed = [np.mean(np.abs(add_clutter(image, random) - 0.5) > 0.02) for _ in range(40)]
    assert 0.0 < np.mean(changed) < 0.35


def test_turned_images_are_other_images():
    image = np.add.outer(np.arange(8.0), 3 * np.arange(8.0)).astype(np.float32) / 28
    random = np.random.default_rng(0)
    turned = {rotate(image, random).tobytes() for _ in range(60)}
    assert len(turned) == 5
    assert image.tobytes() not in turned


def test_strangers_fill_the_range_of_grey_values():
    random = np.random.default_rng(0)
    for _ in range(12):
        stranger = draw_out_of_distribution(random, 64)
        assert stranger.shape == (64, 64)
        assert stranger.min() >= 0.0
        assert stranger.max() <= 1.0
        assert np.ptp(stranger) > 0.5
