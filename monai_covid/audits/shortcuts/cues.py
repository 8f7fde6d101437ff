"""The cues: what each is called, and how it is learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Cue(NamedTuple):
    """Something that an image can be told by.

    Attributes:
        title: How it is written in tables.
        phrase: How it is written in a sentence, in the singular, without article.
        lung_free: Whether no lung can be in it, so that no disease of the lung can show.
        trees: Whether it is learned by boosted trees; otherwise by logistic regression.
    """

    title: str
    phrase: str
    lung_free: bool
    trees: bool


CUES: Mapping[str, Cue] = {
    "aspect": Cue("Aspect ratio", "aspect ratio", True, True),
    "original_size": Cue("Size before conversion", "size before conversion", True, True),
    "encoding": Cue("File format and size", "file format", True, True),
    "border": Cue("Border strips", "border", True, True),
    "bytes_per_pixel": Cue("Bytes per pixel", "number of bytes per pixel", False, True),
    "histogram": Cue("Grey-level histogram", "histogram", False, True),
    "thumbnail_8": Cue("Thumbnail 8\N{MULTIPLICATION SIGN}8", "thumbnail", False, False),
    "thumbnail_16": Cue("Thumbnail 16\N{MULTIPLICATION SIGN}16", "thumbnail", False, False),
    "equalised_16": Cue("Equalised 16\N{MULTIPLICATION SIGN}16", "thumbnail", False, False),
}
"""All cues. Those that are not free of lungs may hold some disease, but no detail of it."""
