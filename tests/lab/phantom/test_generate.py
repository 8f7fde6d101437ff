import zlib

import numpy as np
import pytest

from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS

SMALL = PhantomOptions(size=96)
COVID_CRC, NIH_CRC = 1922129668, 4203239008


def arrays(image):
    return (image.pixels, image.lesion_mask, image.text_mask, image.lung_mask)


def test_the_same_seed_and_index_give_the_same_image():
    first, again = (generate_covid_case(5, 3, "covid19", SMALL) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(arrays(first), arrays(again), strict=True))
    assert first.words == again.words


def test_an_image_does_not_depend_on_the_images_made_before():
    alone = generate_nih_case(5, 7, ["Mass"], SMALL)
    in_a_row = [generate_nih_case(5, index, ["Mass"], SMALL) for index in range(8)][7]
    assert np.array_equal(alone.pixels, in_a_row.pixels)


@pytest.mark.parametrize(("seed", "index"), [(6, 3), (5, 4)])
def test_another_seed_or_index_gives_another_patient(seed, index):
    first = generate_covid_case(5, 3, "normal", SMALL)
    other = generate_covid_case(seed, index, "normal", SMALL)
    assert not np.array_equal(first.lung_mask, other.lung_mask)


def test_pixels_are_the_same_on_every_machine():
    """Written down once; a difference means that published seeds give other images."""
    covid = generate_covid_case(2020, 1, "covid19", PhantomOptions())
    nih = generate_nih_case(2017, 4, ["Pneumonia", "Effusion"], PhantomOptions(size=128))
    assert [zlib.crc32(image.pixels.tobytes()) for image in (covid, nih)] == [COVID_CRC, NIH_CRC]


def test_the_class_changes_nothing_but_the_lesion():
    images = [generate_covid_case(5, 3, label, SMALL) for label in COVID_LABELS]
    assert len({(i.view, i.sex, i.age, i.words, i.pixels.shape) for i in images}) == 1
    assert all(np.array_equal(i.lung_mask, images[0].lung_mask) for i in images)
    assert len({i.pixels.tobytes() for i in images}) == 3


def test_images_of_one_patient_show_one_chest_in_several_positions():
    first, second = (
        generate_nih_case(5, index, [], PhantomOptions(size=96, text=False), patient=9, years=index)
        for index in range(2)
    )
    assert (first.sex, first.age + 1, first.patient_id) == (second.sex, second.age, 9)
    assert not np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("size", [64, 97, 256])
def test_arrays_have_the_shape_and_type_that_is_promised(size):
    image = generate_covid_case(1, 1, "pneumonia", PhantomOptions(size=size))
    assert image.pixels.dtype == np.uint8
    assert {mask.dtype for mask in arrays(image)[1:]} == {np.dtype(bool)}
    assert {array.shape for array in arrays(image)} == {(size, size)}


def test_an_image_uses_the_grey_scale_like_a_radiograph():
    image = generate_covid_case(1, 2, "normal", PhantomOptions(text=False))
    lungs = image.pixels[image.lung_mask]
    spine = image.pixels[100:200, 118:138]
    assert lungs.mean() < 110
    assert spine.mean() > 170
    assert image.pixels[:10, :10].mean() < 40
    assert 0.12 < image.lung_mask.mean() < 0.45


def test_labels_and_findings_are_reported_in_the_official_order():
    image = generate_nih_case(1, 1, ["Hernia", "Atelectasis"], SMALL)
    assert image.findings == ("Atelectasis", "Hernia")
    assert image.label == "Atelectasis|Hernia"
    healthy = generate_nih_case(1, 1, ["No Finding"], SMALL)
    assert (healthy.label, healthy.findings, healthy.lesion_mask.any()) == ("No Finding", (), False)


def test_a_finding_looks_the_same_beside_another():
    """Each finding has its own random numbers, so a second one does not move the first."""
    alone = generate_nih_case(1, 1, ["Nodule"], SMALL)
    both = generate_nih_case(1, 1, ["Nodule", "Effusion"], SMALL)
    assert np.all(both.lesion_mask[alone.lesion_mask])


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        (["Flu"], "unknown findings"),
        (["Mass", "Mass"], "repeated"),
        (["Mass", "No Finding"], "must stand alone"),
    ],
)
def test_odd_findings_are_refused(findings, message):
    with pytest.raises(ValueError, match=message):
        generate_nih_case(1, 1, findings, SMALL)


def test_odd_labels_and_numbers_are_refused():
    with pytest.raises(ValueError, match="unknown label 'flu'"):
        generate_covid_case(1, 1, "flu", SMALL)
    with pytest.raises(ValueError, match="at least 0"):
        generate_covid_case(-1, 1, "normal", SMALL)
    with pytest.raises(ValueError, match="at least 0"):
        generate_nih_case(1, -1, NIH_FINDINGS[:1], SMALL)
