"""Words that tell the projection, the number of views and the posture.

All words are in capitals and without accents, as `monai_covid.dicom.eligibility.words` returns
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

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
    return next((word for word in words if _is_frontal(word)), None)


def lateral_word(words: Iterable[str]) -> str | None:
    """Return the first of ``words`` that names a lateral, oblique, axial or lordotic view."""
    return next((word for word in words if _is_lateral(word)), None)


def several_views(words: Sequence[str]) -> str | None:
    """Return the words that say that there are two views or more, as in ``2 VIEWS``."""
    for number, view in pairwise(words):
        if number in _SEVERAL and (view.startswith(VIEW_STEMS) or view == _VIEW_LETTER):
            return f"{number} {view}"
    return None


def _is_frontal(word: str) -> bool:
    return word in FRONTAL_WORDS or any(part in word for part in FRONTAL_PARTS)


def _is_lateral(word: str) -> bool:
    return (
        word in LATERAL_WORDS
        or word.startswith(LATERAL_STEMS)
        or any(part in word for part in LATERAL_PARTS)
        or _LATERAL.search(word) is not None
    )
