"""Is it a chest?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.words import (
    code_of,
    descriptions_of,
    items_of,
    text_of,
    word_found,
)
from monai_covid.dicom.layout import named, quoted

CHEST_STEMS = (
    *("CHEST", "THORA", "TORAX", "TÓRAX", "LUNG", "RIB", "PULMO", "POUMON", "BRUSTKORB", "CXR"),
    *("ГРУДН", "胸", "肺", "폐"),
)
"""What the words for chest, lungs and ribs begin with or contain."""

OTHER_STEMS = (
    *("ABD", "PELV", "SPINE", "LUMB", "SACR", "COLUMN", "WIRBEL", "NECK", "HALS", "HEAD", "SKULL"),
    *("BREAST", "MAMM", "HAND", "WRIST", "ELBOW", "SHOULDER", "ARM", "HIP", "KNEE", "LEG", "FOOT"),
    *("ANKLE", "FEMUR", "TIBIA", "CLAVIC", "STERNUM", "SCAPULA", "JAW", "TEETH", "BAUCH", "KOPF"),
    *("EXTREMITY", "HUMERUS", "FINGER", "TOE", "SINUS", "BECKEN", "CERV", "APEX", "椎"),
    *("PHANTOM", "WHOLEBODY"),
)
"""What names another part of the body, also where it comes with the chest."""

_STEMS_ONLY_WHOLE = frozenset({"ABD", "ARM", "HIP", "LEG", "TOE", "HAND", "HEAD"})
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
    are absent a description that names another part and no chest counts as well.

    Note:
        DICOM PS3.3 C.7.3.1 (body part), 10.5 (anatomic region).
    """
    part, regions = (
        text_of(dataset, "BodyPartExamined"),
        items_of(dataset, "AnatomicRegionSequence"),
    )
    if part and not _names_chest_only(part):
        yield f"{named('BodyPartExamined')} is {quoted(part)}; CHEST is processed"
    for region in regions:
        meaning = str(region.get("CodeMeaning") or "").upper()
        if str(region.get("CodeValue") or "") not in CHEST_CODES and not _names_chest_only(meaning):
            yield (
                f"{named('AnatomicRegionSequence')} is {code_of(region)} {quoted(meaning)}; "
                "the thorax (816094009, SCT) is processed"
            )
    if not part and not regions:
        yield from _description_problems(dataset)


def states_chest(dataset: Dataset) -> bool:
    """Tell whether a tag or a description of ``dataset`` names the chest."""
    if text_of(dataset, "BodyPartExamined") or items_of(dataset, "AnatomicRegionSequence"):
        return True  # anything but a chest is refused by its name
    return any(_is_chest(word) for _, words in descriptions_of(dataset) for word in words)


def _names_chest_only(text: str) -> bool:
    return _contains(text, CHEST_STEMS) and not _contains(text, OTHER_STEMS)


def _contains(text: str, stems: Iterable[str]) -> bool:
    return any(stem in text for stem in stems)


def _description_problems(dataset: Dataset) -> Iterator[str]:
    if states_chest(dataset):
        return
    for keyword, words in descriptions_of(dataset):
        other = next((word for word in words if _is_other(word)), None)
        if other:
            yield (
                f"{word_found(keyword, other)} and no tag tells the body part; "
                f"{named('BodyPartExamined')} CHEST is needed to process it"
            )
            return


def _is_chest(word: str) -> bool:
    return _begins(word, CHEST_STEMS)


def _is_other(word: str) -> bool:
    return _begins(word, OTHER_STEMS)


def _begins(word: str, stems: Iterable[str]) -> bool:
    return any(
        word == stem if stem in _STEMS_ONLY_WHOLE else word.startswith(stem) for stem in stems
    )
