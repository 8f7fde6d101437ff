"""Published figures that stand beside a study's own, and the caveat that belongs to them."""

from __future__ import annotations

from typing import NamedTuple

CAVEAT = (
    "Published figures are of other folds or other images (DarkCovidNet: folds by image, so that "
    "images of one patient stand on both sides; the publication: test images of its own). They are "
    "marks for the eye and nothing is tested against them."
)


class Published(NamedTuple):
    """A published figure.

    Attributes:
        measure: As in stored studies.
        value: In [0, 1].
        source: Who reports it, in few words.
    """

    measure: str
    value: float
    source: str


PUBLISHED = (
    Published("accuracy", 0.8702, "DarkCovidNet, three classes"),
    Published("accuracy", 1.0, "Bassi & Attux, own test images"),
    Published("binary_covid19_normal_accuracy", 0.9808, "DarkCovidNet, COVID-19 against normal"),
)
"""Ozturk et al., Comput. Biol. Med. 121, 103792 (2020).

Bassi & Attux, Res. Biomed. Eng. 38:139-148 (2022).
"""
