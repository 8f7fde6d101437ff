"""Leaving images out of training and validation, by source or by name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.left_out_images import Key, Ranks, images_to_leave_out
from monai_covid.data.records import Records
from monai_covid.data.tables import suggestion
from monai_covid.errors import OptionError

logger = logging.getLogger(__name__)


class LeaveOut(NamedTuple):
    """What is to be left out.

    Attributes:
        sources: Values of the column ``source``.
        images: CSV files that name images.
    """

    sources: Sequence[str] = ()
    images: Sequence[Path] = ()


@dataclass(frozen=True)
class Parts:
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
        """How readily each image is given up: 0 never (test section), 1, 2 (extra manifests)."""
        ranks = {key: 2 for records in self.extra for key in keys_of(records)}
        tested = (self.sections == "test").tolist()
        own = zip(keys_of(self.main), tested, strict=True)
        return ranks | {key: 0 if test else 1 for key, test in own}


def leave_out(parts: Parts, asked: LeaveOut) -> tuple[NDArray[np.bool_], list[Records]]:
    """Leave images out of training and validation; the test section keeps all of its own.

    A table with the column ``image`` names images to leave out. The table of pairs that the audit
    of leaks writes (``image_a``, ``patient_id_a``, ``image_b``, ``patient_id_b``) loses of each
    pair of copies one image: one of an extra manifest rather than of the main one, else the second.
    An image whose copy is in the test section, or in none of the manifests, is left out in any
    case: the copy may be what the network is tested on.

    Args:
        parts: The images of the run.
        asked: What is to be left out.

    Returns:
        Which images of the main manifest stay, ``(N,)`` bool, and what stays of the others.

    Raises:
        OptionError: There is no such source.
        InputError: A table cannot be read, or names no image of the manifests.
    """
    sources = _checked_sources(parts, asked.sources)
    images = images_to_leave_out(asked.images, parts.ranks) if asked.images else set()
    drop = _dropped(parts.main, sources, images) & (parts.sections != "test")
    dropped = [_dropped(records, sources, images) for records in parts.extra]
    remaining = [records.select(~out) for records, out in zip(parts.extra, dropped, strict=True)]
    if any(asked):
        further = sum(int(out.sum()) for out in dropped)
        logger.info(
            "Left out of training and validation: %d images of %s, %d of extra manifests",
            *(int(drop.sum()), parts.main.file.name, further),
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


def _checked_sources(parts: Parts, wanted: Sequence[str]) -> set[str]:
    if not wanted:
        return set()
    if isinstance(wanted, str):
        raise OptionError(f"leave_out_sources is a text; give a list: ['{wanted}']")
    collections = [records for records in (parts.main, *parts.extra) if "source" in records.frame]
    known = sorted({name for records in collections for name in records.frame["source"]} - {""})
    if not known:
        raise OptionError(f"leave_out_sources: {parts.main.file} has no column 'source'")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        listed = "; ".join(f"{name!r}{suggestion(str(name), known)}" for name in unknown)
        raise OptionError(
            f"leave_out_sources: no image has the source {listed} (sources in "
            f"{parts.main.file} and in extra_manifests: {', '.join(map(repr, known))})"
        )
    return set(wanted)
