"""Text on real radiographs, as a person reads it; nothing of the images is kept here."""

import pytest

from monai_covid.data.images import read_image
from monai_covid.preprocessing.text.finder import TextFinder

pytestmark = pytest.mark.real_data

FIGURE = "covid19_1.CXRCTThoraximagesofCOVID-19fromSingapore.pdf"

SHOWN = {
    f"{FIGURE}-000-fig1a.jpg": "R",
    f"{FIGURE}-000-fig1b.jpg": "R",
    f"{FIGURE}-001-fig2a.jpg": "R",
    f"{FIGURE}-001-fig2b.jpg": "R",
    f"{FIGURE}-002-fig3a.jpg": "R",
    f"{FIGURE}-002-fig3b.jpg": "R",
    f"{FIGURE}-003-fig4a.jpg": "R",
    f"{FIGURE}-003-fig4b.jpg": "R",
    "covid19_2B8649B2-00C4-4233-85D5-1CE240CF233B.jpg": "upina",
}
"""In the upper left quarter. The figures also have a small letter at the bottom."""

BLANK = (
    "covid19_1-s2.0-S0929664620300449-gr2_lrg-a.jpg",
    "covid19_1312A392-67A3-4EBF-9319-810CF6DA5EF6.jpg",
    "covid19_1F6343EE-AFEC-4B7D-97F5-62797EE18767.jpg",
    "covid19_2966893D-5DDF-4B68-9E2B-4979D5956C8E.jpg",
    "covid19_41591_2020_819_Fig1_HTML.webp-day5.jpg",
    "covid19_446B2CB6-B572-40AB-B01F-1910CA07086A.jpg",
    "covid19_5A78BCA9-5B7A-440D-8A4E-AE7710EA6EAD.jpg",
)
"""No text is seen on these."""


@pytest.fixture(scope="module")
def read(real_data):
    """Return the text found on an image of the collection, and the image."""
    finder = TextFinder()

    def run(name):
        pixels = read_image(real_data / "covid" / "images" / name)
        return finder.find(pixels), pixels

    return run


def is_upper_left(box, shape):
    x, y = box.corners.mean(axis=0)
    return x < shape[1] / 2 and y < shape[0] / 2


def test_words_that_a_person_sees_are_found_where_they_are(read):
    missed = []
    for name, word in SHOWN.items():
        boxes, pixels = read(name)
        there = [box.text for box in boxes if is_upper_left(box, pixels.shape)]
        if word not in there:
            missed.append((name, there))
    # A tenth is the share of printed words that may escape; markers alone escape more often.
    assert len(missed) <= 1, missed


def test_images_without_text_are_left_alone(read):
    found = {name: [box.text for box in read(name)[0]] for name in BLANK}
    assert [name for name, texts in found.items() if texts] == []
