import numpy as np
import pytest
import torch
from torch import nn

from monai_covid.explain.quality import RandomMap, pixel_flipping


class LooksAtCorner(nn.Module):
    """Its two logits are plus and minus the brightness of the upper left quarter."""

    def forward(self, images):
        half = images.shape[2] // 2
        bright = images[:, 0, :half, :half].mean((1, 2))
        return torch.stack([bright, -bright], 1)


IMAGES = torch.ones(2, 1, 32, 32)
TARGETS = torch.tensor([0, 1])


def corner(sign=1.0):
    relevance = torch.zeros(2, 1, 32, 32)
    relevance[:, :, :16, :16] = sign
    return relevance


def probability(brightness):
    return 1 / (1 + np.exp(-2 * brightness))


def test_curves_by_hand():
    found = pixel_flipping(LooksAtCorner(), IMAGES, corner(), TARGETS, regions=4, steps=4)
    # The corner is a quarter of the image: gone after the first of four steps, or with the last.
    for_class, against = probability(1.0), probability(-1.0)
    expected = torch.tensor([[for_class, 0.5, 0.5, 0.5, 0.5], [against, 0.5, 0.5, 0.5, 0.5]])
    torch.testing.assert_close(found.most_first, expected.float())
    last = torch.tensor([[for_class] * 4 + [0.5], [against] * 4 + [0.5]])
    torch.testing.assert_close(found.least_first, last.float())
    area = (for_class - 0.5) * 0.75
    torch.testing.assert_close(found.faithfulness()[0].item(), area, rtol=1e-5, atol=1e-6)


def test_a_map_turned_upside_down_gets_the_opposite():
    good, bad = (
        pixel_flipping(LooksAtCorner(), IMAGES, corner(sign), TARGETS).faithfulness()
        for sign in (1, -1)
    )
    torch.testing.assert_close(good, -bad)
    assert good[0] > 0.1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_maps_that_are_the_same_everywhere_get_nothing(value):
    """Equal regions come in random order, not line by line."""
    images, targets = torch.ones(64, 1, 32, 32), torch.zeros(64, dtype=torch.long)
    found = pixel_flipping(
        LooksAtCorner(), images, torch.full_like(images, value), targets
    ).faithfulness()
    assert abs(found.mean().item()) < 3 * found.std().item() / 8
    assert found.std() > 0


def test_random_maps_get_nothing():
    images, targets = torch.ones(64, 1, 32, 32), torch.zeros(64, dtype=torch.long)
    maps = RandomMap(seed=3).attribute(images)
    found = pixel_flipping(LooksAtCorner(), images, maps, targets).faithfulness()
    assert abs(found.mean().item()) < 3 * found.std().item() / 8
    assert abs(found.mean().item()) < 0.03


@pytest.mark.parametrize(("regions", "steps"), [(0, 4), (33, 4), (4, 0), (4, 17)])
def test_senseless_numbers_are_refused(regions, steps):
    with pytest.raises(ValueError, match="do not fit"):
        pixel_flipping(LooksAtCorner(), IMAGES, corner(), TARGETS, regions=regions, steps=steps)
