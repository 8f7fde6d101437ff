"""What the audit of words measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monai_covid.audits.words.class_words import ClassWord
from monai_covid.audits.words.painting import Flips
from monai_covid.audits.words.removal import Estimate, Removal


@dataclass(frozen=True)
class Results:
    """All that was measured.

    Attributes:
        searched: Images that were searched.
        removal: Probabilities with and without text.
        estimates: Figures by name.
        words: Words by how much they are bound to a class.
        flips: What the bound ones did in images of other classes.
    """

    searched: int
    removal: Removal
    estimates: dict[str, Estimate]
    words: Sequence[ClassWord]
    flips: Sequence[Flips]
