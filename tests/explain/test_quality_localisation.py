import pytest
import torch

from monai_covid.explain.quality import mass_accuracy, rank_accuracy


def halves(size=8):
    """A mask of the left half, for two images."""
    mask = torch.zeros(2, size, size, dtype=torch.bool)
    mask[:, :, : size // 2] = True
    return mask


def test_mass_by_hand():
    relevance = torch.zeros(2, 1, 8, 8)
    relevance[0, 0, 0, 0], relevance[0, 0, 0, 7] = 3.0, 1.0
    relevance[1, 0, 2, 2], relevance[1, 0, 3, 3], relevance[1, 0, 0, 7] = 1.0, -5.0, 3.0
    assert mass_accuracy(relevance, halves()).tolist() == [0.75, 0.25]


def test_channels_are_added_before_signs_are_looked_at():
    relevance = torch.zeros(2, 2, 8, 8)
    relevance[:, 0, 0, 0], relevance[:, 1, 0, 0] = 3.0, -3.0
    relevance[:, 0, 0, 7] = 1.0
    assert mass_accuracy(relevance, halves()).tolist() == [0.0, 0.0]


def test_rank_by_hand():
    relevance = torch.arange(64.0).flip(0).reshape(1, 1, 8, 8).expand(2, 1, 8, 8)
    # The 32 most relevant pixels are the upper half, half of which lies to the left.
    assert rank_accuracy(relevance, halves()).tolist() == [0.5, 0.5]
    perfect = halves().float()[:, None]
    assert rank_accuracy(perfect, halves()).tolist() == [1.0, 1.0]
    assert rank_accuracy(-perfect, halves()).tolist() == [0.0, 0.0]


def test_equal_pixels_count_in_part_whatever_their_order():
    flat = torch.zeros(2, 1, 8, 8)
    assert rank_accuracy(flat, halves()).tolist() == [0.5, 0.5]
    one = flat.clone()
    one[:, :, 0, 7] = 1.0  # outside: 31 places are left for 63 equal pixels, 32 of them inside
    assert rank_accuracy(one, halves())[0].item() == pytest.approx(31 * 32 / 63 / 32)


def test_a_map_that_does_not_look_gets_the_share_of_the_area():
    mask = torch.zeros(40, 64, 64, dtype=torch.bool)
    mask[:, :16, :24] = True
    maps = torch.randn(40, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    area = 16 * 24 / 64**2
    assert mass_accuracy(maps, mask).mean().item() == pytest.approx(area, abs=0.005)
    assert rank_accuracy(maps, mask).mean().item() == pytest.approx(area, abs=0.02)


def test_unknown_where_there_is_nothing_to_find_or_nothing_speaks_for_the_class():
    mask = halves()
    mask[0] = False
    relevance = torch.ones(2, 1, 8, 8)
    assert mass_accuracy(relevance, mask).isnan().tolist() == [True, False]
    assert rank_accuracy(relevance, mask).isnan().tolist() == [True, False]
    assert mass_accuracy(-relevance, mask).isnan().tolist() == [True, True]
