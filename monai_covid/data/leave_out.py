"""Which images a run of stage 3 does not train on, and which it trains on besides its manifest.

Images are left out by source or by name (a list, or pairs of copies); the test section keeps all
of its own. Further manifests add to the training section alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.patients import canonical_patient_id, drop_patients, patients_in
from monai_covid.data.records import ATTRIBUTES, Datalist, Records
from monai_covid.data.tables import read_table, suggestion
from monai_covid.errors import InputError, OptionError, Problem

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Name and patient of an image, which together tell it from those of other collections."""

Ranks = Mapping[Key, int]
"""Rank of each image: of two copies the one with the higher rank is left out; 0: never."""


class LeaveOut(NamedTuple):
    """What is to be left out.

    Attributes:
        sources: Values of the column ``source``.
        images: CSV files that name images.
    """

    sources: Sequence[str] = ()
    images: Sequence[Path] = ()


@dataclass(frozen=True)
class RunImages:
    """The images of a run of stage 3.

    Attributes:
        main: All of the main manifest.
        sections: Section of each, ``(N,)`` str.
        extra: Those of the extra manifests, for training.
    """

    main: Records
    sections: NDArray[np.str_]
    extra: Sequence[Records]

    @property
    def ranks(self) -> Ranks:
        """Rank of each image: 0 in the test section, 1 in the others, 2 in extra manifests."""
        ranks = {key: 2 for records in self.extra for key in keys_of(records)}
        tested = (self.sections == "test").tolist()
        own = zip(keys_of(self.main), tested, strict=True)
        return ranks | {key: 0 if test else 1 for key, test in own}


def leave_out(run: RunImages, exclusions: LeaveOut) -> tuple[NDArray[np.bool_], list[Records]]:
    """Leave images out of training and validation; the test section keeps all of its own.

    A table with the column ``image`` names images to leave out. The table of pairs that the audit
    of leaks writes (``image_a``, ``patient_id_a``, ``image_b``, ``patient_id_b``) loses of each
    pair of copies one image: one of an extra manifest rather than of the main one, else the second.
    An image whose copy is in the test section, or in none of the manifests, is left out in any
    case: the copy may be what the network is tested on.

    Args:
        run: The images of the run.
        exclusions: What is to be left out.

    Returns:
        Which images of the main manifest stay, ``(N,)`` bool, and what stays of the others.

    Raises:
        OptionError: There is no such source.
        InputError: A table cannot be read, or names no image of the manifests.
    """
    sources = _checked_sources(run, exclusions.sources)
    images = images_to_leave_out(exclusions.images, run.ranks) if exclusions.images else set()
    drop = _dropped(run.main, sources, images) & (run.sections != "test")
    dropped = [_dropped(records, sources, images) for records in run.extra]
    remaining = [records.select(~out) for records, out in zip(run.extra, dropped, strict=True)]
    if any(exclusions):
        extra_images = sum(int(out.sum()) for out in dropped)
        logger.info(
            "Left out of training and validation: %d images of %s, %d of extra manifests",
            *(int(drop.sum()), run.main.file.name, extra_images),
        )
    return ~drop, remaining


def keys_of(records: Records) -> list[Key]:
    """Return name and patient of each image."""
    return list(zip(records.frame["image"], records.frame["patient_id"], strict=True))


def _dropped(records: Records, sources: set[str], images: set[Key]) -> NDArray[np.bool_]:
    drop = np.array([key in images for key in keys_of(records)], dtype=bool)
    if "source" in records.frame:
        drop |= records.frame["source"].isin(sources).to_numpy()
    return drop


def _checked_sources(run: RunImages, names: Sequence[str]) -> set[str]:
    if not names:
        return set()
    if isinstance(names, str):
        raise OptionError(f"leave_out_sources is a text; give a list: ['{names}']")
    collections = [records for records in (run.main, *run.extra) if "source" in records.frame]
    sources = sorted({name for records in collections for name in records.frame["source"]} - {""})
    if not sources:
        raise OptionError(f"leave_out_sources: {run.main.file} has no column 'source'")
    unknown = [name for name in names if name not in sources]
    if unknown:
        listed = "; ".join(f"{name!r}{suggestion(str(name), sources)}" for name in unknown)
        raise OptionError(
            f"leave_out_sources: no image has the source {listed} (sources in "
            f"{run.main.file} and in extra_manifests: {', '.join(map(repr, sources))})"
        )
    return set(names)


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
    keys: set[Key] = set()
    for table in tables:
        keys |= _of_table(table, ranks)
    return keys


def _of_table(file: Path, ranks: Ranks) -> set[Key]:
    frame = read_table(file, ())
    if set(PAIR_COLUMNS) <= set(frame):
        pairs = list(zip(_keys(frame, "_a"), _keys(frame, "_b"), strict=True))
        in_run = [pair for pair in pairs if any(key in ranks for key in pair)]
        keys = {worse for pair in in_run for worse in _worse(pair, ranks)}
        rows = len(pairs), len(in_run)
    elif "image" in frame:
        names = set(frame["image"])
        keys = {key for key in ranks if key[0] in names}
        if "patient_id" in frame:
            keys &= set(_keys(frame, ""))
        rows = len(names), len({name for name, _ in keys})
    else:
        message = (
            "names no images: it needs the column 'image', or those of pairs of copies, "
            f"{', '.join(PAIR_COLUMNS)}; found {', '.join(frame.columns)}"
        )
        raise InputError([Problem(file, 1, message)])
    _check_matches(file, *rows)
    return keys


def _keys(frame: pd.DataFrame, side: str) -> list[Key]:
    patients = map(canonical_patient_id, frame[f"patient_id{side}"])
    return list(zip(frame[f"image{side}"], patients, strict=True))


def _worse(pair: tuple[Key, Key], ranks: Ranks) -> list[Key]:
    """Return the image of a pair of copies that is to go; the second of equals."""
    first, second = (ranks.get(key, 0) for key in pair)
    worse, rank = (pair[0], first) if first > second else (pair[1], second)
    return [worse] if rank else []


def _check_matches(file: Path, rows: int, matched: int) -> None:
    if rows and not matched:
        message = "names no image of the manifest or of extra_manifests; is it of other data?"
        raise InputError([Problem(file, None, message)])
    if matched < rows:
        logger.warning(
            "%s: %d of %d rows name no image of this run's manifests", file, rows - matched, rows
        )


def extra_records(manifests: Sequence[Path], main: Records) -> list[Records]:
    """Read ``manifests`` without the patients of ``main``.

    Args:
        manifests: CSV files, or folders that hold ``metadata.csv``.
        main: All records of the main manifest, whatever section they are in.

    Raises:
        InputError: A manifest has problems, adds no patient, or repeats an image of another one.
    """
    additions = []
    seen = set(main.paths)
    for manifest in manifests:
        extra = read_collection(manifest, main.labels)
        extra = drop_patients(extra, patients_in(main.frame)).records
        if not len(extra):
            message = f"adds nothing: all its patients are also in {main.file}"
            raise InputError([Problem(manifest, None, message)])
        _check_new(extra, seen)
        seen.update(extra.paths)
        additions.append(extra)
    return additions


def with_extra_records(items: Datalist, extra: Sequence[Records]) -> Datalist:
    """Add the images of ``extra`` to ``items``; all have the same keys and kind of label then."""
    several = bool(items) and isinstance(items[0]["label"], list)
    added = [
        item
        for records in extra
        for item in (records.multi_label_datalist() if several else records.single_label_datalist())
    ]
    return _same_keys([*items, *added])


def _check_new(extra: Records, seen: set[str]) -> None:
    problems = [
        Problem(extra.file, line, f"image {path!r} is also in another manifest; keep it in one")
        for line, path in zip(extra.frame.index.tolist(), extra.paths.tolist(), strict=True)
        if path in seen
    ]
    if problems:
        raise InputError(problems)


def _same_keys(items: Datalist) -> Datalist:
    """Fill in attributes that only some manifests have: batches are collated key by key."""
    missing = {name: "" for name in ATTRIBUTES if any(name in item for item in items)}
    return [{**item, **{k: v for k, v in missing.items() if k not in item}} for item in items]
