import numpy as np
import pytest

from monai_covid.preprocessing.text.remove import _membrane, cover, inpaint

ROWS, COLUMNS = np.mgrid[:40, :50].astype(float)


def a_mask(rows=slice(10, 20), columns=slice(5, 30)):
    mask = np.zeros((40, 50), dtype=bool)
    mask[rows, columns] = True
    return mask


@pytest.mark.parametrize("field", [3 + 2 * ROWS - COLUMNS, ROWS**2 - COLUMNS**2])
def test_harmonic_pictures_are_continued_exactly(field):
    # Both satisfy the discrete Laplace equation, so the surroundings determine them.
    mask = a_mask()
    hidden = np.where(mask, 1e4, field)
    assert _membrane(hidden, mask) == pytest.approx(field[mask], abs=1e-8)


def test_the_membrane_is_the_limit_of_averaging_neighbours():
    generator = np.random.default_rng(0)
    picture, mask = generator.random((12, 14)), np.zeros((12, 14), dtype=bool)
    mask[0:4, 9:14] = mask[6:9, 3:6] = True
    slow = picture.copy()
    for _ in range(3000):
        before = slow.copy()
        for row, column in zip(*np.nonzero(mask), strict=True):
            around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
            inside = [at for at in around if 0 <= at[0] < 12 and 0 <= at[1] < 14]
            slow[row, column] = np.mean([before[at] for at in inside])
    assert _membrane(picture, mask) == pytest.approx(slow[mask], abs=1e-6)


def noisy(seed=1):
    return 100 + ROWS + np.random.default_rng(seed).normal(0, 6, ROWS.shape)


@pytest.mark.parametrize("remove", [cover, inpaint])
def test_only_the_mask_changes_and_nothing_of_it_remains(remove):
    mask, clean = a_mask(), noisy()
    some = remove(np.where(mask, 255.0, clean), mask)
    other = remove(np.where(mask, np.random.default_rng(3).random(mask.shape), clean), mask)
    assert some == pytest.approx(other, abs=1e-4)
    assert np.array_equal(some[~mask], clean[~mask].astype(np.float32))
    assert some.dtype == np.float32


def test_inpainted_text_has_the_grain_of_its_surroundings_and_no_step():
    mask, clean = a_mask(), noisy()
    filled = inpaint(np.where(mask, 255.0, clean), mask)
    inner = np.diff(filled[11:19, 6:29], axis=1).std()
    outer = np.diff(filled[22:38, 6:29], axis=1).std()
    assert 0.6 < inner / outer < 1.5
    across = np.abs(filled[10, 5:30] - filled[9, 5:30]).mean()
    assert across < 1.5 * np.abs(np.diff(filled[22:38], axis=0)).mean()
    assert np.array_equal(filled, inpaint(np.where(mask, 255.0, clean), mask))


def test_covering_takes_the_median_around_each_part():
    picture = np.where(COLUMNS < 25, 10.0, 90.0)
    mask = a_mask(slice(5, 8), slice(3, 8)) | a_mask(slice(20, 25), slice(40, 45))
    filled = cover(np.where(mask, 200.0, picture), mask)
    assert np.array_equal(filled, picture.astype(np.float32))


def test_without_text_nothing_changes():
    nothing = np.zeros((40, 50), dtype=bool)
    assert np.array_equal(inpaint(noisy(), nothing), noisy().astype(np.float32))


def test_what_cannot_be_filled_is_refused():
    with pytest.raises(ValueError, match="whole image"):
        inpaint(noisy(), np.ones((40, 50), dtype=bool))
    with pytest.raises(ValueError, match=r"\(40, 50\) and \(3, 3\)"):
        cover(noisy(), np.ones((3, 3), dtype=bool))
