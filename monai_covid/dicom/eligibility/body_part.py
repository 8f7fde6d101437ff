"""Is it a chest? Answered by body part, anatomic region and the words of descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.view import POSTURE_WORDS, VIEW_STEMS, frontal_word, lateral_word
from monai_covid.dicom.eligibility.words import (
    code_of,
    descriptions_of,
    items_of,
    text_of,
    words_of,
)
from monai_covid.dicom.reading.layout import named, quoted

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
"""Words that name no part of the body: kind of examination, side, number and what joins words."""

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


CHEST_STEMS = (
    *("CHEST", "THORA", "THX", "CXR", "TORAX", "TORAC", "TORAK", "LUNG", "RIB", "PULMO", "POUMON"),
    *("BRUSTKORB", "BORSTKAS", "BRYSTKAS", "BROST", "RINTA", "KEUHKO", "KLATK", "PLUC", "PŁUC"),
    *("HRUDN", "MELLKAS", "AKCI", "GOGUS", "ГРУДН", "ЛЕГК", "ОГК", "ΘΩΡΑ"),
)
"""What the words for chest, lungs and ribs begin with."""

CHEST_PARTS = ("THORAX", "TORAX", "胸", "肺", "흉부", "폐")
"""What such words contain, as in Bettthorax and 胸部正面."""

OTHER_PARTS = (
    *("ABD", "ADDOM", "BAUCH", "BUIK", "BRZUCH", "BRICH", "VATSA", "БРЮШ", "ЖИВОТ", "腹", "복부"),
    *("PELV", "BECKEN", "BACINO", "BASSIN", "腰", "골반", "NECK", "HALS", "HEAD", "SKULL", "KOPF"),
    *("SPINE", "LUMB", "SACR", "COLUMN", "COLONN", "RACHI", "WIRBEL", "WERVEL", "VERTEB", "CERV"),
    *("KREGOS", "PATER", "CHRBT", "RYGG", "RANKA", "GERINC", "KRALJ", "ПОЗВОН", "OMURGA"),
    *(
        "椎",
        "척추",
        "흉추",
        "요추",
        "BREAST",
        "MAMM",
        "STERNUM",
        "BRUSTBEIN",
        "胸骨",
        "胸鎖",
        "胸锁",
    ),
    *("HAND", "WRIST", "ELBOW", "SHOULDER", "SCHULTER", "EPAULE", "HOMBRO", "SPALLA", "ARM"),
    *("HIP", "KNEE", "KNIE", "LEG", "FOOT", "ANKLE", "FEMUR", "TIBIA", "HUMERUS", "CLAVIC"),
    *("SCAPULA", "JAW", "TEETH", "EXTREMITY", "FINGER", "TOE", "SINUS", "APEX"),
    *("PHANTOM", "WHOLEBODY"),
)
"""What words contain that name another part of the body, also where it comes with the chest."""

OTHER_WORDS = frozenset({"BWS", "LWS", "HWS", "TSP", "LSP", "CSP", "BUK", "HAS"})
"""Short names of other parts, which count as words of their own."""

_PARTS_ONLY_WHOLE = frozenset({"ARM", "HIP", "LEG", "TOE", "HAND", "HEAD"})
"""In free text these count as words of their own, because other words contain them."""

CHEST_CODES = frozenset(
    {
        *("51185008", "816094009", "39607008", "113197003"),
        *("T-D3000", "T-28000", "T-11300"),
    }
)
"""Thorax, lung and rib in SNOMED CT and in the older SNOMED RT (DICOM PS3.16 CID 4)."""


def body_part_problems(dataset: Dataset) -> Iterator[str]:
    """Say why ``dataset`` does not show a chest, or not only a chest.

    Body Part Examined and Anatomic Region Sequence must each be absent or name the chest. When both
    are absent the description nearest to the image that says more than view, posture, side and kind
    of examination has to name the chest and nothing else.

    Note:
        DICOM PS3.3 C.7.3.1 (body part), 10.5 (anatomic region).
    """
    part, regions = (
        text_of(dataset, "BodyPartExamined"),
        items_of(dataset, "AnatomicRegionSequence"),
    )
    if part and not _names_chest_only(words_of(part), _other_in_tag):
        yield f"{named('BodyPartExamined')} is {quoted(part)}; CHEST is processed"
    for region in regions:
        meaning = str(region.get("CodeMeaning") or "").upper()
        is_chest = _names_chest_only(words_of(meaning), _other_in_tag)
        if str(region.get("CodeValue") or "") not in CHEST_CODES and not is_chest:
            yield (
                f"{named('AnatomicRegionSequence')} is {code_of(region)} {quoted(meaning)}; "
                "the thorax (816094009, SCT) is processed"
            )
    if not part and not regions:
        yield from _description_problems(dataset)


def tells_body_part(dataset: Dataset) -> bool:
    """Tell whether a tag or a description of ``dataset`` says which part of the body it shows.

    Anything but a chest is refused by `body_part_problems`.
    """
    return bool(
        text_of(dataset, "BodyPartExamined")
        or items_of(dataset, "AnatomicRegionSequence")
        or _nearest_description(dataset)
    )


def _nearest_description(dataset: Dataset) -> tuple[str, list[str]] | None:
    telling = ((keyword, telling_words(words)) for keyword, words in descriptions_of(dataset))
    return next(((keyword, words) for keyword, words in telling if words), None)


def _description_problems(dataset: Dataset) -> Iterator[str]:
    nearest = _nearest_description(dataset)
    if nearest is None:
        return
    keyword, words = nearest
    if _names_chest_only(words, _other_in_text):
        return
    # Only what is known is shown, because the rest of a word may be the patient's name.
    other = next(filter(None, map(_other_in_text, words)), None)
    contradiction = f"contains {quoted(other)}" if other else "does not name the chest"
    yield (
        f"{named(keyword)} {contradiction} and no tag tells the body part; "
        f"{named('BodyPartExamined')} CHEST is needed to process it"
    )


def _names_chest_only(words: list[str], other_in: Callable[[str], str | None]) -> bool:
    return any(map(_is_chest, words)) and not any(map(other_in, words))


def _is_chest(word: str) -> bool:
    return word.startswith(CHEST_STEMS) or any(part in word for part in CHEST_PARTS)


def _other_in_tag(word: str) -> str | None:
    if word in OTHER_WORDS:
        return word
    return next((part for part in OTHER_PARTS if part in word), None)


def _other_in_text(word: str) -> str | None:
    if word in OTHER_WORDS or word.removesuffix("S") in _PARTS_ONLY_WHOLE:
        return word
    return next(
        (part for part in OTHER_PARTS if part in word and part not in _PARTS_ONLY_WHOLE), None
    )
