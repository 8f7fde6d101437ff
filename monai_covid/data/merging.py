"""Several collections as one manifest, whose column ``source`` names the hospital of each image."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.collections.named_labels import folded
from monai_covid.data.merged_patients import SeenPatients, distinct_patients
from monai_covid.data.records import Records
from monai_covid.data.row_checks import empty_cells
from monai_covid.errors import InputError, Problem

SOURCE = "source"
COLUMNS = ("image", "label", "patient_id", SOURCE, "view", "sex", "age")
PLACE = "place"
SMALL = "smaller places"
"""Source of images whose places have too few patients."""


BARE_ADDRESS = re.compile(r"(?i:[\w-]+(\.[\w-]+)*\.[a-z]{2,})(:\d+)?([/?#].*)?")
"""An address without its scheme: ``radiopaedia.org/cases/1``, but not ``10.1016/j.x`` or a name."""


class Origin(NamedTuple):
    """How sources are divided further, by where images come from.

    A place is one source whatever collections have it, so that holding it out holds all of it out.
    Images of which no place is told keep their source.

    Attributes:
        column: Where they come from: an address, of which the host counts, or a name.
        fewest: Patients below which a place is one of `SMALL`.
    """

    column: str
    fewest: int = 10


class Merged(NamedTuple):
    """Several collections as one.

    Attributes:
        frame: Rows of ``COLUMNS``; images by their absolute paths.
        notes: What was taken of each collection, a line each, and whether ids were changed.
    """

    frame: pd.DataFrame
    notes: list[str]


def merge(
    collections: Sequence[tuple[str, Records]],
    classes: Sequence[str],
    origin: Origin | None = None,
    *,
    same_patients: bool = False,
) -> Merged:
    """Put the images of some classes of several collections together.

    Patients of a collection are left out of those after it: of ChestX-ray14 by their ids and the
    names of their images, others where an image file is in both. Any other id that several
    collections have is made unique by the collection's name. Images of other classes are left out.

    Args:
        collections: Name, which stands where a collection has no column ``source``, and images.
        classes: The classes; case and punctuation do not count.
        origin: How sources are divided further, where a collection has its column.
        same_patients: Whether an id is the same patient in all collections.

    Raises:
        InputError: A collection has no image to add, or a class is in none of them.
    """
    names = {folded(label): label for label in classes}
    seen = SeenPatients(numbered_alike=same_patients)
    parts, notes = [], []
    for name, records in collections:
        rows = _rows(name, records, origin)
        wanted = np.array([folded(label) in names for label in rows["label"]], dtype=bool)
        kept = seen.without(records.select(wanted))
        if not len(kept):
            raise InputError([Problem(records.file, None, _nothing(rows, wanted, classes))])
        part = rows.loc[kept.frame.index]
        parts.append(part.assign(label=[names[folded(label)] for label in part["label"]]))
        notes.append(_note(name, len(rows), rows["label"][~wanted], int(wanted.sum()) - len(kept)))
        seen.add(kept)
    _check_classes(collections, classes, parts)
    distinct = distinct_patients([name for name, _ in collections], _patients(parts))
    notes += _ids_note(distinct.changed)
    parts = [
        part.assign(patient_id=ids) for part, ids in zip(parts, distinct.patients, strict=True)
    ]
    frame = pd.concat(parts, ignore_index=True).fillna("")
    if origin is not None:
        frame[SOURCE] = _divided(frame, origin.fewest)
    return Merged(frame[[column for column in COLUMNS if column in frame]], notes)


def _check_classes(
    collections: Sequence[tuple[str, Records]],
    classes: Sequence[str],
    parts: Sequence[pd.DataFrame],
) -> None:
    found = {label for part in parts for label in part["label"]}
    missing = [label for label in classes if label not in found]
    if missing:
        files = ", ".join(str(records.file) for _, records in collections)
        raise InputError([Problem(files, None, f"no image of {', '.join(missing)}")])


def _patients(parts: Sequence[pd.DataFrame]) -> list[pd.Series[str]]:
    return [part["patient_id"] for part in parts]


def _rows(name: str, records: Records, origin: Origin | None) -> pd.DataFrame:
    """Return the rows of ``COLUMNS`` that a collection has, indexed by line."""
    if not records.exclusive:
        message = "has images with several classes or none; merge takes one class an image"
        raise InputError([Problem(records.file, None, message)])
    frame = records.frame
    if SOURCE in frame:
        problems = empty_cells(records.file, frame[SOURCE], "the hospital of the image")
        if problems:
            raise InputError(problems)
    labels = [records.labels[position] for position in records.classes]
    rows = frame[[column for column in COLUMNS if column in frame]]
    rows = rows.assign(image=records.paths, label=labels)
    if SOURCE not in frame:
        rows[SOURCE] = name
    if origin is not None:
        rows[PLACE] = frame[origin.column].map(_place) if origin.column in frame else ""
    return rows


def _divided(frame: pd.DataFrame, fewest: int) -> pd.Series[str]:
    places = frame[PLACE]
    patients = frame.groupby(PLACE)["patient_id"].nunique()
    large = places.where(places.map(patients) >= fewest, SMALL)
    return frame[SOURCE].where(places == "", large)


def _place(origin: str) -> str:
    """Return the host of an address; what is none is the name of a place."""
    text = origin.strip()
    try:
        host = urlsplit(f"//{text}" if BARE_ADDRESS.fullmatch(text) else text).hostname
    except ValueError:  # no address, though it begins like one: http://[bad
        host = None
    return (host or text).removeprefix("www.")


def _note(name: str, images: int, others: pd.Series[str], known: int) -> str:
    parts = [f"{name}: {images - len(others) - known:,} of {images:,} images"]
    if len(others):
        counts = Counter(others)
        listed = ", ".join(f"{label} {count:,}" for label, count in counts.items())
        parts.append(f"left out: {listed}")
    if known:
        parts.append(f"left out: {known:,} of patients of the collections before it")
    return "; ".join(parts)


def _ids_note(changed: int) -> list[str]:
    if not changed:
        return []
    ids = "1 patient id" if changed == 1 else f"{changed:,} patient ids"
    return [
        f"{ids} in several collections: taken for different patients, written as collection/id; "
        "--same-patients if collections number patients alike"
    ]


def _nothing(rows: pd.DataFrame, wanted: NDArray[np.bool_], classes: Sequence[str]) -> str:
    if wanted.any():
        return "adds nothing: all its patients are in the collections before it"
    found = ", ".join(sorted(set(rows["label"])))
    return f"has no image of {', '.join(classes)}; its classes: {found}"
