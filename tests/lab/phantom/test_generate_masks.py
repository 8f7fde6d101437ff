import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import NIH_FINDINGS

PLAIN = PhantomOptions(size=160, text=False)
BLUR_REACH = np.ones((5, 5))
"""The detector's point spread, cut at three standard deviations of at most 0.75 pixels."""

IN_THE_LUNGS = sorted(set(NIH_FINDINGS) - {"Cardiomegaly", "Effusion", "Emphysema", "Hernia"})


def changed(with_finding, without):
    return with_finding.pixels.astype(int) - without.pixels.astype(int)


@pytest.mark.parametrize("name", NIH_FINDINGS)
@pytest.mark.parametrize("index", range(3))
def test_a_finding_changes_pixels_inside_its_mask_and_nowhere_else(name, index):
    difference = changed(
        generate_nih_case(3, index, [name], PLAIN),
        healthy := generate_nih_case(3, index, [], PLAIN),
    )
    mask = generate_nih_case(3, index, [name], PLAIN).lesion_mask
    assert not difference[~binary_dilation(mask, BLUR_REACH)].any()
    assert (difference[mask] != 0).mean() > 0.5
    assert np.abs(difference[mask]).max() >= 12
    assert not healthy.lesion_mask.any()


@pytest.mark.parametrize("name", NIH_FINDINGS)
def test_a_finding_makes_pixels_brighter_or_darker_as_it_should(name):
    difference = changed(generate_nih_case(3, 5, [name], PLAIN), generate_nih_case(3, 5, [], PLAIN))
    mask = generate_nih_case(3, 5, [name], PLAIN).lesion_mask
    mean = difference[mask].mean()
    if name in {"Hernia", "Pneumothorax"}:
        assert difference.min() < -12
        assert difference.max() > 12
    else:
        assert (mean < -4) if name == "Emphysema" else (mean > 4)


@pytest.mark.parametrize("name", IN_THE_LUNGS)
def test_findings_of_the_lungs_lie_inside_the_lungs(name):
    for index in range(4):
        image = generate_nih_case(4, index, [name], PLAIN)
        assert image.lesion_mask.any()
        assert not (image.lesion_mask & ~image.lung_mask).any()


@pytest.mark.parametrize(("disease", "sides"), [("pneumonia", 1), ("covid19", 2), ("normal", 0)])
def test_pneumonia_is_on_one_side_and_covid_on_both(disease, sides):
    for index in range(25):
        image = generate_covid_case(8, index, disease, PLAIN)
        parts, _ = label(image.lung_mask)
        sizes = np.bincount(parts.ravel())[1:]
        lungs = np.flatnonzero(sizes > 10) + 1
        assert len(lungs) == 2
        assert len(set(parts[image.lesion_mask]) & set(lungs)) == sides
        assert not (image.lesion_mask & ~image.lung_mask).any()


def test_covid_lies_lower_and_further_out_than_pneumonia():
    def mean_place(disease):
        rows, columns = [], []
        for index in range(25):
            image = generate_covid_case(8, index, disease, PLAIN)
            lesion_rows, lesion_columns = np.nonzero(image.lesion_mask)
            rows.append(lesion_rows.mean())
            columns.append(np.abs(lesion_columns - 80).mean())
        return np.mean(rows), np.mean(columns)

    covid, pneumonia = mean_place("covid19"), mean_place("pneumonia")
    assert covid[0] > pneumonia[0]
    assert covid[1] > pneumonia[1] + 3


@pytest.mark.parametrize("index", range(6))
def test_text_changes_pixels_inside_its_mask_and_nowhere_else(index):
    written = generate_covid_case(3, index, "normal", PhantomOptions(size=160))
    blank = generate_covid_case(3, index, "normal", PLAIN)
    assert (changed(written, blank) != 0)[~written.text_mask].sum() == 0
    assert written.text_mask.any() == bool(written.words)
    if written.words:
        assert (changed(written, blank) != 0)[written.text_mask].mean() > 0.6
    assert not blank.text_mask.any()
    assert blank.words == ()


def test_more_conspicuity_makes_the_same_lesion_brighter():
    faint, strong = (
        generate_covid_case(
            3, 1, "pneumonia", PhantomOptions(size=96, text=False, conspicuity=factor)
        )
        for factor in (0.5, 1.5)
    )
    assert np.all(strong.lesion_mask[faint.lesion_mask])
    inside = faint.lesion_mask
    assert strong.pixels[inside].mean() > faint.pixels[inside].mean() + 10
