import numpy as np
import pytest
import torch
from PIL import Image

from monai_covid.preprocessing.resize import SquareResized, resize_to_square


@pytest.mark.parametrize("shape", [(97, 64), (320, 251), (1024, 1024), (50, 400), (300, 220)])
@pytest.mark.parametrize("size", [112, 224])
def test_agrees_with_pillow(shape, size):
    pixels = np.random.default_rng(0).random(shape).astype(np.float32)
    expected = Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR)
    found = resize_to_square(torch.from_numpy(pixels)[None], size)
    assert found.shape == (1, size, size)
    assert found.is_contiguous()
    # The same filter; torch works out the positions in single precision, and white noise is the
    # picture that changes most with them.
    np.testing.assert_allclose(found[0], np.asarray(expected), atol=2e-5)
    exact = resize_to_square(torch.from_numpy(pixels)[None].double(), size)
    np.testing.assert_allclose(exact[0], np.asarray(expected), atol=2e-7)


def test_squashes_without_bars_and_keeps_the_range():
    image = torch.ones(1, 50, 200)
    image[:, :, 100:] = 0
    squashed = resize_to_square(image, 64)
    assert squashed.min() >= 0
    assert squashed.max() <= 1 + 1e-6
    assert squashed[:, :, :30].min() > 0.99
    assert squashed[:, :, -30:].max() < 0.01


def test_dictionary_transform():
    image = torch.rand(1, 90, 70)
    result = SquareResized(["image"], 32)({"image": image})
    torch.testing.assert_close(result["image"], resize_to_square(image, 32))


def test_sizes_must_be_positive():
    with pytest.raises(ValueError, match="size is 0"):
        SquareResized(["image"], 0)
