from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.suitability.projections import (
    abdomen_slice,
    chest_slice,
    hand,
    lateral_chest,
    pelvis,
)
from monai_covid.preprocessing.suitability.assess import CAUTIONS, REASONS, assess

Phantoms = dict[str, NDArray[np.uint8]]


def test_phantoms_of_all_classes_pass(phantoms: Phantoms) -> None:
    assert {name: assess(pixels).codes for name, pixels in phantoms.items()} == dict.fromkeys(
        phantoms, ()
    )


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (np.rot90, "turned_90"),
        (lambda pixels: np.rot90(pixels, 2), "turned_180"),
        (lambda pixels: np.rot90(pixels, 3), "turned_270"),
        (lambda pixels: 255 - pixels, "inverted"),
    ],
)
def test_planted_fault_is_named(
    phantoms: Phantoms, spoil: Callable[[NDArray[Any]], NDArray[Any]], code: str
) -> None:
    found = [assess(spoil(pixels)) for pixels in phantoms.values()]
    assert [each.codes for each in found] == [(code,)] * len(found)
    assert all(each.reasons == (REASONS[code],) for each in found)


def test_corner_of_a_chest_is_refused(phantoms: Phantoms) -> None:
    corners = [pixels[:128, : pixels.shape[1] // 2] for pixels in phantoms.values()]
    assert all(not assess(corner).suitable for corner in corners)


def test_mirrored_chest_is_a_caution_not_a_reason(phantoms: Phantoms) -> None:
    mirrored = [assess(pixels[:, ::-1]) for pixels in phantoms.values()]
    assert all(each.suitable for each in mirrored)
    assert sum("mirrored" in each.caution_codes for each in mirrored) >= 0.8 * len(mirrored)
    upright = [assess(pixels) for pixels in phantoms.values()]
    assert sum("mirrored" in each.caution_codes for each in upright) <= 0.2 * len(upright)


def test_other_pictures_are_refused() -> None:
    random = np.random.default_rng(4)
    for maker in (hand, pelvis, abdomen_slice, chest_slice):
        verdicts = [assess(maker(random, 200)) for _ in range(5)]
        assert sum("other" in each.codes for each in verdicts) >= 4, maker.__name__


def test_lateral_phantom_is_refused() -> None:
    random = np.random.default_rng(5)
    verdicts = [assess(lateral_chest(random, 256)) for _ in range(5)]
    assert all("lateral" in each.codes for each in verdicts)


@pytest.mark.parametrize("draw", ["normal", "uniform", "poisson"])
def test_noise_is_refused(draw: str) -> None:
    random = np.random.default_rng(3)
    pixels = getattr(random, draw)(size=(300, 260), **({"lam": 50} if draw == "poisson" else {}))
    assert "noise" in assess(pixels).codes


def test_page_is_a_document() -> None:
    page = np.full((400, 300), 250, np.uint8)
    page[40:360:16, 30:270] = 10
    assert "document" in assess(page).codes


@pytest.mark.parametrize("value", [0, 255, -7.5])
def test_constant_image_is_blank(value: float) -> None:
    found = assess(np.full((64, 80), value))
    assert found.codes == ("blank",)
    assert found.scores["blank"] == 1


def test_specks_on_an_even_ground_are_blank() -> None:
    pixels = np.zeros((256, 256))
    pixels[::64, ::64] = 1
    assert assess(pixels).codes == ("blank",)


def test_image_below_32_pixels_is_too_small(phantoms: Phantoms) -> None:
    pixels = next(iter(phantoms.values()))
    assert assess(pixels[::9, ::9]).codes == ("too_small",)
    assert "small" in assess(pixels[::3, ::3]).caution_codes


def test_washed_out_chest_is_refused(phantoms: Phantoms) -> None:
    pixels = next(iter(phantoms.values())).astype(float)
    burnt = np.clip((pixels - pixels.mean()) * 20, 0, 1)
    assert not assess(burnt).suitable


def test_scale_of_grey_values_does_not_matter(phantoms: Phantoms) -> None:
    pixels = next(iter(phantoms.values()))
    expected = assess(pixels).scores
    for changed in (pixels.astype(np.uint16) * 16, pixels * 0.25 - 1000.0, pixels / 2.0**8):
        assert assess(changed).scores == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("size", [128, 640])
def test_size_does_not_matter(size: int) -> None:
    seeds = range(2)
    options = PhantomOptions(size=size, text=False)
    pixels = [generate_covid_case(5, seed, "normal", options).pixels for seed in seeds]
    assert all(assess(each).suitable for each in pixels)
    assert all(assess(np.rot90(each, 2)).codes == ("turned_180",) for each in pixels)


def test_enlarged_image_gets_the_same_answer(phantoms: Phantoms) -> None:
    pixels = next(iter(phantoms.values()))
    small, large = assess(pixels), assess(np.repeat(np.repeat(pixels, 10, 0), 10, 1))
    assert large.codes == small.codes
    assert large.scores == pytest.approx(small.scores, abs=0.1)


def test_pixels_in_any_memory_order_give_the_same_and_stay(phantoms: Phantoms) -> None:
    pixels = next(iter(phantoms.values()))
    kept = pixels.copy()
    first, second = assess(pixels), assess(np.asfortranarray(pixels))
    assert first == second == assess(pixels)
    assert np.array_equal(pixels, kept)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_an_error(value: float) -> None:
    pixels = np.random.default_rng(0).random((64, 64))
    pixels[0, 0] = value
    with pytest.raises(ValueError, match="finite numbers are needed"):
        assess(pixels)


@pytest.mark.parametrize("shape", [(64,), (64, 64, 3), (0, 64)])
def test_pixels_of_another_shape_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"one grey image \(H, W\) is needed"):
        assess(np.ones(shape))


def test_scores_are_in_range_and_words_exist(phantoms: Phantoms) -> None:
    for pixels in phantoms.values():
        found = assess(pixels)
        assert all(0 <= score <= 1 for score in found.scores.values())
        assert set(found.caution_codes) <= set(CAUTIONS)
        assert set(found.scores) - {"mirrored"} <= set(REASONS)


def test_reasons_are_plain_sentences() -> None:
    for text in (*REASONS.values(), *CAUTIONS.values()):
        assert text.startswith(("The ", "Most ", "Even "))
        assert text.endswith((".", "which."))
        assert "_" not in text
