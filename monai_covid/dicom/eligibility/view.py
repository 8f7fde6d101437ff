"""Is it a frontal projection?"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.projection_words import (
    POSTURE_WORDS,
    frontal_word,
    lateral_word,
    several_views,
)
from monai_covid.dicom.eligibility.words import (
    code_of,
    descriptions_of,
    items_of,
    text_of,
    values_of,
    word_found,
    words_of,
)
from monai_covid.dicom.layout import named, quoted

FRONTAL_CODES = frozenset(
    {
        *(("272479007", "SCT"), ("399348003", "SCT"), ("399033003", "SCT")),
        *(("R-40888", "SRT"), ("R-10214", "SRT"), ("R-10206", "SRT"), ("R-10202", "SRT")),
    }
)
"""Postero-anterior, antero-posterior and frontal (DICOM PS3.16 CID 4010)."""

_ACROSS = frozenset("LR")
_UPRIGHT = "F"
_DIRECTIONS = frozenset("APLRFH")
_ORIENTATION_SHOWN = "L\\F"


def view_problems(dataset: Dataset) -> Iterator[str]:
    """Say why ``dataset`` is not an upright frontal view.

    View Position, View Code Sequence and Patient Orientation must each be absent or frontal; a View
    Position that names only the posture says nothing of the view. The words of descriptions count
    only when none of the three says anything, because descriptions often name the views of the
    whole study.

    Note:
        DICOM PS3.3 C.8.11.5 (DX positioning), C.7.6.1.1.1 (patient orientation).
    """
    problems = [
        *_view_position_problems(dataset),
        *_view_code_problems(dataset),
        *_orientation_problems(dataset),
    ]
    yield from problems
    if not problems and not _has_view_tag(dataset):
        yield from _description_problems(dataset)


def _has_view_tag(dataset: Dataset) -> bool:
    stated = _view_position(dataset) or items_of(dataset, "ViewCodeSequence")
    return bool(stated) or _orientation(dataset) is not None


def _view_position(dataset: Dataset) -> str:
    """Return View Position, or "" if it says nothing of the projection."""
    text = text_of(dataset, "ViewPosition")
    words = words_of(text)
    return "" if words and POSTURE_WORDS.issuperset(words) else text


def _view_position_problems(dataset: Dataset) -> Iterator[str]:
    text = _view_position(dataset)
    if text and not _is_frontal(words_of(text)):
        yield f"{named('ViewPosition')} is {quoted(text)}; a frontal view (PA or AP) is processed"


def _is_frontal(words: list[str]) -> bool:
    return frontal_word(words) is not None and lateral_word(words) is None


def _view_code_problems(dataset: Dataset) -> Iterator[str]:
    for view in items_of(dataset, "ViewCodeSequence"):
        meaning = str(view.get("CodeMeaning") or "")
        if _code(view) not in FRONTAL_CODES and not _is_frontal(words_of(meaning)):
            yield (
                f"{named('ViewCodeSequence')} is {code_of(view)} {quoted(meaning)}; "
                "postero-anterior (272479007, SCT) or antero-posterior (399348003, SCT) is "
                "processed"
            )
        for modifier in items_of(view, "ViewModifierCodeSequence"):
            meaning = str(modifier.get("CodeMeaning") or "")
            if lateral_word(words_of(meaning)):
                yield (
                    f"{named('ViewModifierCodeSequence')} is {code_of(modifier)} "
                    f"{quoted(meaning)}; an upright frontal view is processed"
                )


def _code(item: Dataset) -> tuple[str, str]:
    scheme = str(item.get("CodingSchemeDesignator") or "")
    # SNM3 and 99SDM are what older devices write for SRT (PS3.16 section 8).
    return str(item.get("CodeValue") or ""), "SRT" if scheme in ("SNM3", "99SDM") else scheme


def _orientation(dataset: Dataset) -> list[str] | None:
    values = values_of(dataset, "PatientOrientation")
    if len(values) == 2 and all(value and set(value) <= _DIRECTIONS for value in values):
        return values
    return None


def _orientation_problems(dataset: Dataset) -> Iterator[str]:
    orientation = _orientation(dataset)
    if orientation is None:
        return
    right, down = (value[0] for value in orientation)
    if right in _ACROSS and down == _UPRIGHT:
        return
    is_frontal = {right, down} & _ACROSS and {right, down} & set("FH")
    kind = "a frontal view that lies or stands on its head" if is_frontal else "no frontal view"
    yield (
        f"{named('PatientOrientation')} is {quoted(_joined(orientation))}, {kind}; "
        f"{quoted(_ORIENTATION_SHOWN)} is that of an upright frontal view"
    )


def _joined(orientation: list[str]) -> str:
    return "\\".join(orientation)


def _description_problems(dataset: Dataset) -> Iterator[str]:
    needed = f"and no tag tells the view; {named('ViewPosition')} PA or AP is needed to process it"
    for keyword, words in descriptions_of(dataset):
        lateral, frontal = lateral_word(words), frontal_word(words)
        several = several_views(words)
        if lateral:
            also = f" beside {quoted(frontal)}" if frontal else ""
            yield f"{word_found(keyword, lateral)}{also} {needed}"
        elif several:
            yield f"{named(keyword)} has the words {quoted(several)} {needed}"
        if lateral or several or frontal:
            return
