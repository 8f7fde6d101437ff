"""Images for pretraining, of several collections, without their labels."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.folders import as_paths
from monai_covid.data.leave_out import images_to_leave_out, keys_of
from monai_covid.data.nih import is_nih_folder
from monai_covid.data.patients import drop_patients, patients_in_manifests
from monai_covid.data.records import Datalist, Records
from monai_covid.errors import InputError, OptionError, Problem

logger = logging.getLogger(__name__)

Paths = Path | str | Sequence[Path | str] | None


def unlabelled_datalist(
    image_folders: Paths,
    *,
    exclude_manifests: Paths = (),
    leave_out_images: Paths = (),
    seed: int = 0,
    limit: int | None = None,
) -> Datalist:
    """Return the images of stage 1.

    Of ChestX-ray14 these are the images of the official train_val list: its test images stay
    unseen, so that stage 2 can be tested on them.

    Args:
        image_folders: Collections (one or several) of any layout, see
            :func:`monai_covid.data.collections.reading.read_collection`.
        exclude_manifests: Manifests (one or several) whose patients are left out.
        leave_out_images: CSV files (one or several) that name further images to leave out, see
            :func:`monai_covid.data.leave_out.images_to_leave_out`; a copy of an image that is
            not among these goes in any case.
        seed: For ``limit``.
        limit: Take so many images, drawn at random, for quick trials.

    Returns:
        Items with ``image`` (absolute path), each path once, ``label`` (0), ``patient_id`` and
        ``name`` (as in the CSV).

    Raises:
        OptionError: There are no folders.
        InputError: The data have problems, or no image is left.
    """
    folders = as_paths(image_folders)
    if not folders:
        raise OptionError("image_folders is empty; give a list of folders or manifests")
    excluded = patients_in_manifests(as_paths(exclude_manifests))
    collections = [_without(records, excluded) for records in _read_all(folders)]
    left_out = _named(collections, as_paths(leave_out_images))
    items = {
        item["image"]: {**item, "label": 0}
        for records in collections
        for item in _items(records)
        if (item["name"], item["patient_id"]) not in left_out
    }
    if not items:
        raise InputError([Problem(folders[0], None, "no images are left for pretraining")])
    return _limited(list(items.values()), limit, seed)


def _read_all(folders: Sequence[Path]) -> list[Records]:
    """Read all collections and report the problems of all of them together."""
    collections: list[Records] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            collections.append(_read(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return collections


def _read(folder: Path) -> Records:
    records = read_collection(folder)
    if is_nih_folder(folder):
        return records.select((records.frame["split"] == "train_val").to_numpy())
    return records


def _without(records: Records, patients: set[str]) -> Records:
    remaining, images, people = drop_patients(records, patients)
    logger.info(
        "%s: %d images for pretraining; left out %d images of %d patients",
        *(records.file, len(remaining), images, people),
    )
    return remaining


def _named(collections: Sequence[Records], tables: Sequence[Path]) -> set[tuple[str, str]]:
    keys = [key for records in collections for key in keys_of(records)]
    return images_to_leave_out(tables, dict.fromkeys(keys, 1))


def _items(records: Records) -> Datalist:
    columns = (records.paths.tolist(), records.frame["image"], records.frame["patient_id"])
    return [
        {"image": path, "name": name, "patient_id": patient}
        for path, name, patient in zip(*columns, strict=True)
    ]


def _limited(items: Datalist, limit: int | None, seed: int) -> Datalist:
    if limit is None or limit >= len(items):
        return items
    chosen = np.random.default_rng(seed).choice(len(items), limit, replace=False)
    return [items[index] for index in sorted(chosen.tolist())]
