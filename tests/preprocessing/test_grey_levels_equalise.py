import time

import numpy as np
import pytest
import torch
from monai.transforms import HistogramNormalize

from monai_covid.preprocessing.grey_levels import EqualizeHistogramd, equalize_histogram
from tests.dicom.instances import picture


def tensor(pixels):
    return torch.from_numpy(np.asarray(pixels).astype(np.float32))[None]


def slow_equalisation(pixels):
    """Pixel by pixel from the definition: (C(k) - C(0)) / (N - C(0)) of 256 levels."""
    low, high = int(pixels.min()), int(pixels.max())
    levels = [(510 * (int(v) - low) + high - low) // (2 * (high - low)) for v in pixels.ravel()]
    darkest = sum(level == 0 for level in levels)
    at_or_below = [sum(other <= level for other in levels) for level in range(256)]
    equalised = [(at_or_below[k] - darkest) / (len(levels) - darkest) for k in levels]
    return np.array(equalised).reshape(pixels.shape)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_agrees_with_the_definition(bits):
    pixels = picture(24, 20, bits=bits)
    found = equalize_histogram(tensor(pixels))
    assert found.dtype == torch.float32
    assert type(found) is torch.Tensor
    np.testing.assert_allclose(found[0], slow_equalisation(pixels), atol=1e-6)


def test_eight_bit_values_are_ranked_by_how_many_pixels_are_not_brighter():
    pixels = np.clip(picture(), 40, 90)
    darkest = (pixels == 40).sum()
    expected = [((pixels <= v).sum() - darkest) / (pixels.size - darkest) for v in pixels.ravel()]
    np.testing.assert_allclose(equalize_histogram(tensor(pixels)).ravel(), expected, atol=1e-6)


RESCALES = [(257.0, 0.0), (0.1, 0.0), (0.1, -7.3), (1 / 3, 5.0), (16.0, -1024.0), (1e-4, 0.0)]


@pytest.mark.parametrize(("slope", "intercept"), RESCALES)
@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("highest", [None, 131, 250])
def test_a_rescale_changes_nothing(slope, intercept, bits, highest):
    pixels = np.clip(picture(200, 150, bits=bits).astype(np.float64), 3, highest)
    rescaled = pixels * slope + intercept
    torch.testing.assert_close(
        equalize_histogram(tensor(rescaled)), equalize_histogram(tensor(pixels)), atol=1e-6, rtol=0
    )


def test_the_reason_not_to_use_the_one_of_monai():
    pixels = np.clip(picture(200, 150), 3, 131).astype(np.float64)
    theirs = HistogramNormalize(num_bins=256, min=0, max=1)
    change = (theirs(tensor(pixels * 0.1)) - theirs(tensor(pixels))).abs().max()
    assert change > 1e-4


def test_is_close_to_the_one_of_monai_on_a_smooth_histogram():
    pixels = picture(400, 300, bits=12)
    theirs = HistogramNormalize(num_bins=256, min=0, max=1)(tensor(pixels))
    assert (equalize_histogram(tensor(pixels)) - theirs).abs().max() < 0.01


@pytest.mark.parametrize("value", [0, 7.5, -3])
def test_constant_images_are_black(value):
    assert not equalize_histogram(torch.full((1, 40, 40), float(value))).any()


def test_the_result_is_flat_and_uses_the_whole_range():
    equalised = equalize_histogram(tensor(picture(400, 300)))
    assert (equalised.min(), equalised.max()) == (0, 1)
    shares = torch.histc(equalised, bins=8, min=0, max=1) / equalised.numel()
    torch.testing.assert_close(shares, torch.full((8,), 1 / 8), atol=0.02, rtol=0)


def test_dictionary_transform_leaves_its_input_alone():
    sample = {"image": tensor(picture()), "label": 1}
    before = sample["image"].clone()
    result = EqualizeHistogramd(["image"])(sample)
    torch.testing.assert_close(sample["image"], before)
    torch.testing.assert_close(result["image"], equalize_histogram(before))
    assert result["label"] == 1


def test_nine_million_pixels_take_less_than_150_milliseconds():
    image = tensor(np.random.default_rng(0).integers(0, 4096, (3000, 3000)))
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        equalize_histogram(image)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.15
