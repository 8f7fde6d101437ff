"""Tables that name images to leave out: plain lists, and pairs of copies."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from monai_covid.data.patients import canonical_patient_id
from monai_covid.data.tables import read_table
from monai_covid.errors import InputError, Problem

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Name and patient of an image, which together tell it from those of other collections."""

Ranks = Mapping[Key, int]
"""How readily an image is given up: 0 never; of two copies the one with the higher rank goes."""

PAIR_COLUMNS = ("image_a", "patient_id_a", "image_b", "patient_id_b")


def images_to_leave_out(tables: Sequence[Path], ranks: Ranks) -> set[Key]:
    """Return the images that tables name.

    Args:
        tables: CSV files with the column ``image`` (and, where names are not unique,
            ``patient_id``), or with those of pairs of copies, see `PAIR_COLUMNS`.
        ranks: All images of the run.

    Raises:
        InputError: A table cannot be read, has neither form, or names no image of the run.
    """
    found: set[Key] = set()
    for table in tables:
        found |= _of_table(table, ranks)
    return found


def _of_table(file: Path, ranks: Ranks) -> set[Key]:
    frame = read_table(file, ())
    if set(PAIR_COLUMNS) <= set(frame):
        pairs = list(zip(_keys(frame, "_a"), _keys(frame, "_b"), strict=True))
        known = [pair for pair in pairs if any(key in ranks for key in pair)]
        found = {worse for pair in known for worse in _worse(pair, ranks)}
        rows = len(pairs), len(known)
    elif "image" in frame:
        named = set(frame["image"])
        found = {key for key in ranks if key[0] in named}
        if "patient_id" in frame:
            found &= set(_keys(frame, ""))
        rows = len(named), len({name for name, _ in found})
    else:
        message = (
            "names no images: it needs the column 'image', or those of pairs of copies, "
            f"{', '.join(PAIR_COLUMNS)}; found {', '.join(frame.columns)}"
        )
        raise InputError([Problem(file, 1, message)])
    _check_known(file, *rows)
    return found


def _keys(frame: pd.DataFrame, side: str) -> list[Key]:
    patients = map(canonical_patient_id, frame[f"patient_id{side}"])
    return list(zip(frame[f"image{side}"], patients, strict=True))


def _worse(pair: tuple[Key, Key], ranks: Ranks) -> list[Key]:
    """Return the image of a pair of copies that is to go; the second of equals."""
    first, second = (ranks.get(key, 0) for key in pair)
    worse, rank = (pair[0], first) if first > second else (pair[1], second)
    return [worse] if rank else []


def _check_known(file: Path, rows: int, known: int) -> None:
    if rows and not known:
        message = "names no image of the manifest or of extra_manifests; is it of other data?"
        raise InputError([Problem(file, None, message)])
    if known < rows:
        logger.warning(
            "%s: %d of %d rows name no image of this run's manifests", file, rows - known, rows
        )
