"""Which section of stage 3 each image of a manifest belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.manifest import has_folds
from monai_covid.data.records import Records
from monai_covid.data.splits import assign_folds, check_folds, hold_out
from monai_covid.errors import InputError, OptionError, Problem


def covid_sections(
    records: Records, fold: int, folds: int, fraction: float, seed: int
) -> NDArray[np.str_]:
    """Return the section of each image: training, validation or test.

    Args:
        records: All images of a manifest.
        fold: Fold for testing.
        folds: Number of folds to make if the manifest has none.
        fraction: Part of the patients of the other folds that is for validation.
        seed: For folds and hold-out.

    Returns:
        ``(N,)`` str.

    Raises:
        OptionError: There is no such fold.
        InputError: A class has too few patients for the folds.
    """
    fold_of = _folds(records, folds, seed)
    given = np.unique(fold_of).tolist()
    if fold not in given or isinstance(fold, bool):
        raise OptionError(f"fold must be one of {given} in {records.file}, got {fold!r}")
    sections = np.full(len(records), "test", dtype="<U10")
    rest = fold_of != fold
    others = records.select(rest)
    held = hold_out(others.patients, others.targets, fraction, seed)
    sections[rest] = np.where(held, "validation", "training")
    return sections


def _folds(records: Records, folds: int, seed: int) -> NDArray[np.intp]:
    if has_folds(records.frame):
        return records.frame["fold"].to_numpy(dtype=object).astype(np.intp)
    check_folds(folds)
    for label, name in enumerate(records.labels):
        patients = len(set(records.patients[records.targets[:, label]]))
        if patients < folds:
            message = f"{folds} folds need {folds} patients of class {name!r}, found {patients}"
            raise InputError([Problem(records.file, None, message)])
    return assign_folds(records.patients, records.classes, folds, seed)
