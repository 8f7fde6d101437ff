import numpy as np
import pytest
from PIL import Image

from monai_covid.preprocessing.suitability.statistics import sample_of, squashed


@pytest.mark.parametrize(("length", "kept"), [(511, 511), (512, 512), (1023, 1023), (1024, 512)])
def test_large_images_are_thinned_out(length: int, kept: int) -> None:
    pixels = np.arange(length * 40).reshape(length, 40)
    assert sample_of(pixels).shape == (kept, 40)


def test_sample_reaches_from_0_to_1() -> None:
    sample = sample_of(np.array([[-5, 0], [5, 15]], np.int16))
    assert sample.tolist() == [[0, 0.25], [0.5, 1]]
    assert sample.dtype == np.float32


@pytest.mark.parametrize("dtype", [bool, np.uint16, np.int32, np.float64])
def test_any_real_type_is_read(dtype: type) -> None:
    assert sample_of(np.eye(40, dtype=dtype)).max() == 1


def test_complex_numbers_and_text_are_an_error() -> None:
    for pixels in (np.ones((40, 40), complex), np.full((40, 40), "a")):
        with pytest.raises(ValueError, match="real numbers are needed"):
            sample_of(pixels)


@pytest.mark.parametrize("side", [8, 13, 64])
def test_squashed_is_what_pillow_makes_of_it(side: int) -> None:
    sample = np.random.default_rng(0).random((90, 70)).astype(np.float32)
    oracle = Image.fromarray(sample).resize((side, side), Image.Resampling.BILINEAR)
    assert squashed(sample, side).numpy() == pytest.approx(np.asarray(oracle), abs=1e-5)
