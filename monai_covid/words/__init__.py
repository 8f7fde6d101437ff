"""Burnt-in text on radiographs: finding it, taking it away, painting it in."""

from monai_covid.words.boxes import TextBox, text_mask
from monai_covid.words.extras import check_text_extra
from monai_covid.words.finder import TextFinder
from monai_covid.words.paint import Place, paint_word
from monai_covid.words.remove import cover, inpaint

__all__ = [
    "Place",
    "TextBox",
    "TextFinder",
    "check_text_extra",
    "cover",
    "inpaint",
    "paint_word",
    "text_mask",
]
