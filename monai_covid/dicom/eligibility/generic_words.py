"""Words of descriptions that tell no part of the body."""

from __future__ import annotations

from collections.abc import Iterable

from monai_covid.dicom.eligibility.projection_words import (
    POSTURE_WORDS,
    VIEW_STEMS,
    frontal_word,
    lateral_word,
)

GENERIC_WORDS = frozenset(
    {
        *("XR", "XRAY", "RAY", "RAYS", "CR", "DX", "DR", "RX", "RG", "RTG", "RF", "RO", "RAD"),
        *("FILM", "DIGITAL", "PLAIN", "IMAGE", "IMAGES", "IMG", "PICTURE", "SERIES", "SERIE"),
        *("STUDY", "EXAM", "EXAMINATION", "ROUTINE", "STANDARD", "DEFAULT", "STAT", "GRID", "VWS"),
        *("LEFT", "RIGHT", "LT", "RT", "LINKS", "RECHTS", "GAUCHE", "DROIT", "DROITE", "SX"),
        *("BILATERAL", "BEIDSEITS", "ADULT", "CHILD", "INSPIRATION", "EXPIRATION", "INSP", "EXP"),
        *("ONE", "TWO", "SINGLE", "MIN", "OR", "AND", "MORE", "WITH", "OF", "THE", "UND", "IN"),
        *("IM", "DE", "LA", "LE", "EN", "ET", "ED", "DI", "TO", "ZWEI", "DEUX", "DOS", "DUE"),
        *("左", "右", "単純", "撮影", "片", "X線", "线"),
    }
)
"""Kind of examination, side, number and what joins words."""

GENERIC_STEMS = ("RADIOGRA", "RADIOLOG", "RONTGEN", "RENTGEN", "РЕНТГЕН", "PHOTO", *VIEW_STEMS)


_AMBIGUOUS = frozenset({"FACE"})
"""A view in French, a part of the body in English."""


def telling_words(words: Iterable[str]) -> list[str]:
    """Return those of ``words`` that can tell the part of the body."""
    return [word for word in words if not _is_generic(word)]


def _is_generic(word: str) -> bool:
    return (
        word.isdigit()
        or (len(word) == 1 and word.isascii())
        or word in GENERIC_WORDS | POSTURE_WORDS
        or word.startswith(GENERIC_STEMS)
    ) or _only_tells_projection(word)


def _only_tells_projection(word: str) -> bool:
    # One run of Chinese or Japanese characters can name the part and the view.
    return word not in _AMBIGUOUS and not _has_ideographs(word) and bool(_projection(word))


def _projection(word: str) -> str | None:
    return frontal_word([word]) or lateral_word([word])


def _has_ideographs(word: str) -> bool:
    return any(letter >= "\u2e80" for letter in word)
