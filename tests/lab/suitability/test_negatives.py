import numpy as np
import pytest

from monai_covid.lab.suitability.negatives import (
    MAKERS,
    Maker,
    fragment,
    jigsaw,
    laterals,
    others,
    panels,
)
from monai_covid.lab.suitability.projections import lateral_chest


@pytest.mark.parametrize("maker", [*dict.fromkeys(MAKERS), lateral_chest])
def test_pictures_are_in_range_follow_from_the_seed_and_differ(maker: Maker) -> None:
    first, second, other = (maker(np.random.default_rng(seed), 48) for seed in (1, 1, 2))
    assert first.shape == (48, 48)
    assert np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_numbers_of_pictures() -> None:
    assert others(1, len(MAKERS)).shape == (len(MAKERS), 128, 128)
    assert laterals(1, 2).dtype == np.float32


def test_jigsaw_keeps_the_pixels_and_moves_tiles() -> None:
    chest = np.arange(64.0 * 64).reshape(64, 64)
    for seed in range(6):
        mixed = jigsaw(np.random.default_rng(seed), chest)
        assert np.array_equal(np.sort(mixed.ravel()), chest.ravel())
        assert (mixed != chest).mean() > 0.5


def test_panels_hold_both_pictures() -> None:
    for seed in range(4):
        both = panels(np.random.default_rng(seed), np.zeros((64, 64)), np.ones((64, 64)))
        assert both.shape == (64, 64)
        assert 0.35 < both.mean() < 0.65


def test_fragment_is_a_small_piece() -> None:
    across, along = np.meshgrid(np.arange(64.0), np.arange(64.0))
    for seed in range(4):
        random = np.random.default_rng(seed)
        state = random.bit_generator.state
        for picture in (across, along):
            random.bit_generator.state = state
            assert np.ptp(fragment(random, picture)) <= 0.26 * 64
