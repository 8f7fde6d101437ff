"""Is it a frontal projection? Answered by view tags, else by the words of descriptions.

All words are in capitals and without accents, as `monai_covid.dicom.eligibility.words` returns
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.words import (
    code_of,
    descriptions_of,
    items_of,
    text_of,
    values_of,
    word_found,
    words_of,
)
from monai_covid.dicom.reading.layout import named, quoted

FRONTAL_WORDS = frozenset({"PA", "AP", "FRONT", "FRONTAL", "FRONTALE", "FRENTE", "FACE"})
FRONTAL_PARTS = ("正面", "正位", "정면")
"""What frontal views contain in scripts that put no spaces between words."""

LATERAL_WORDS = frozenset(
    {
        *("LAT", "LLAT", "RLAT", "LL", "RL", "LLD", "RLD", "PROFIL", "PROFILO", "PERFIL"),
        *("OBL", "LAO", "RAO", "LPO", "RPO", "LLO", "RLO", "AXIAL"),
    }
)
"""Lateral, oblique, lateral decubitus and axial views."""

LATERAL_STEMS = (
    *("SEITL", "БОКОВ", "БІЧН", "БОЧН", "BOCZN", "BOCN", "DWARS", "ZIJDELING", "SIDOBILD"),
    *("SIDEBILLE", "SIDEOPTAG", "SIVUKUV", "OLDALIR", "ΠΛΑΓΙ"),
    *("OBLIQ", "OBLIC", "SCHRAG", "SKOSN", "КОСАЯ", "КОСОИ"),
)
"""What such words begin with in other languages."""

LATERAL_PARTS = (
    *("側面", "侧面", "側位", "侧位", "側臥", "侧卧", "正側", "正侧", "斜位", "측면", "측와"),
    "LORDO",
)
"""What such words contain."""

_LATERAL = re.compile(r"(?<!BI)(?<!COL)(?<!UNI)(?<!IPSI)(?<!CONTRA)LATER[AO](?!LIT)")
"""Lateral and latero-lateral, but not bilateral, collateral and laterality."""

POSTURE_WORDS = frozenset(
    {
        *("ERECT", "UPRIGHT", "SUPINE", "PRONE", "STANDING", "SITTING", "SEATED", "RECUMBENT"),
        *("SEMI", "SEMIERECT", "SEMIUPRIGHT", "PORTABLE", "PORT", "MOBILE", "BEDSIDE", "BED"),
        *("LIEGEND", "LIEGEN", "STEHEND", "STEHEN", "SITZEND", "SITZEN", "BAUCHLAGE"),
        *("RUCKENLAGE", "COUCHE", "DEBOUT", "ASSIS", "SUPINO", "LETTO", "立位", "臥位", "卧位"),
    }
)
"""How and where the patient was; says nothing of the projection."""

_SEVERAL = frozenset(
    {
        *("2", "3", "4", "5", "6", "TWO", "BOTH", "MORE", "MULTIPLE", "ZWEI", "BEIDEN", "DEUX"),
        *("DOS", "DUE", "DUAS", "TWEE", "TVA", "DWIE", "DWOCH", "DVE", "DVOU", "ДВЕ", "ДВУХ"),
    }
)

VIEW_STEMS = (
    *("VIEW", "VW", "EBENE", "INCIDENC", "PROJE", "PROJIC", "PROYEC", "PROIEZ", "ПРОЕКЦ"),
    *("PLANE", "PLANI", "RICHTING", "SUUNTA", "IRANY", "YON", "方向", "방향"),
)
"""What the words for a view begin with."""

_VIEW_LETTER = "V"


def frontal_word(words: Iterable[str]) -> str | None:
    """Return the first of ``words`` that names a frontal view."""
    return next((word for word in words if _is_frontal_word(word)), None)


def lateral_word(words: Iterable[str]) -> str | None:
    """Return the first of ``words`` that names a lateral, oblique, axial or lordotic view."""
    return next((word for word in words if _is_lateral(word)), None)


def several_views(words: Sequence[str]) -> str | None:
    """Return the words that say that there are two views or more, as in ``2 VIEWS``."""
    for number, view in pairwise(words):
        if number in _SEVERAL and (view.startswith(VIEW_STEMS) or view == _VIEW_LETTER):
            return f"{number} {view}"
    return None


def _is_frontal_word(word: str) -> bool:
    return word in FRONTAL_WORDS or any(part in word for part in FRONTAL_PARTS)


def _is_lateral(word: str) -> bool:
    return (
        word in LATERAL_WORDS
        or word.startswith(LATERAL_STEMS)
        or any(part in word for part in LATERAL_PARTS)
        or _LATERAL.search(word) is not None
    )


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
