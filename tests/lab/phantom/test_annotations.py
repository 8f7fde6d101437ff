import numpy as np
import pytest
from scipy.stats import chi2_contingency

from monai_covid.lab.phantom.annotations import (
    POSITIONING_WORDS,
    Annotation,
    burn_in,
    choose_annotations,
)
from monai_covid.lab.phantom.options import PhantomOptions

CASES = 900


def words(index, group, correlation):
    options = PhantomOptions(word_correlation=correlation)
    return [a.text for a in choose_annotations(1, (0, index), group, "PA", options)]


def counts(correlation):
    """Return how often each positioning word, and none, stands on the images of each class."""
    table = np.zeros((3, len(POSITIONING_WORDS) + 1), dtype=int)
    for index in range(CASES):
        shown = [w for w in words(index, index % 3, correlation) if w in POSITIONING_WORDS]
        assert len(shown) <= 1
        table[index % 3, POSITIONING_WORDS.index(shown[0]) if shown else -1] += 1
    return table


def test_without_correlation_words_are_the_same_whatever_the_class():
    for index in range(50):
        assert words(index, 0, 0.0) == words(index, 1, 0.0) == words(index, 2, 0.0)


def test_without_correlation_words_are_independent_of_the_class():
    table = counts(0.0)
    assert (table > 0).all()
    assert chi2_contingency(table).pvalue > 0.001


def test_with_full_correlation_the_word_tells_the_class():
    assert np.array_equal(counts(1.0), np.diag([CASES // 3] * 3 + [0])[:3])


def test_correlation_is_the_probability_of_the_word_of_the_class():
    own = np.trace(counts(0.5)[:, :3]) / CASES
    expected = 0.5 + 0.5 * 0.6 / 3
    assert abs(own - expected) < 4 * np.sqrt(expected * (1 - expected) / CASES)


def test_side_marker_stands_on_the_side_that_it_names():
    for index in range(60):
        for annotation in choose_annotations(1, (0, index), 0, "AP", PhantomOptions()):
            if annotation.text in "RL":
                assert annotation.corner == (1 if annotation.text == "L" else 0)


def test_annotations_of_one_image_do_not_cover_each_other():
    for index in range(60):
        corners = [a.corner for a in choose_annotations(1, (0, index), 0, "AP", PhantomOptions())]
        assert len(set(corners)) == len(corners)


@pytest.mark.parametrize("shape", [(64, 64), (51, 64), (256, 205)])
@pytest.mark.parametrize("corner", range(4))
def test_letters_stay_inside_the_image_and_in_their_corner(shape, corner):
    annotation = Annotation("PORTABLE", corner, 1.4, 0.0, 255)
    drawn, mask = burn_in(np.zeros(shape, dtype=np.uint8), (annotation,))
    rows, columns = np.nonzero(mask)
    assert rows.size
    assert drawn.max() > 150
    assert (rows.mean() < shape[0] / 2) == (corner < 2)
    assert (columns.mean() < shape[1] / 2) == (corner % 2 == 0)
    assert columns.min() > 0
    assert columns.max() < shape[1] - 1


def test_letters_can_be_read():
    """The letters, shrunk back to the font's own size, are those of the font."""
    mask = burn_in(np.zeros((256, 256), dtype=np.uint8), (Annotation("L", 1, 2.0, 0.0, 255),))[0]
    rows, columns = np.nonzero(mask > 127)
    letter = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] > 127
    height, width = letter.shape
    assert letter[-2:].mean() > 0.6
    assert letter[: height // 2, width // 2 + 2 :].mean() < 0.4
