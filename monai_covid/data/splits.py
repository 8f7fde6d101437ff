"""Patient-wise stratified splits: no patient is ever in two parts.

Folds and hold-outs, the sections of a manifest in stage 3, and the patients whom stage 2 must not
see because stage 3 is tested on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.balanced_folds import balanced_folds
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.folders import manifest_file
from monai_covid.data.hospitals import hospital_sections, hospital_targets
from monai_covid.data.manifest import has_folds
from monai_covid.data.patients import patients_in, patients_in_manifests
from monai_covid.data.records import Records
from monai_covid.data.tables import read_table
from monai_covid.errors import InputError, OptionError, Problem


def stage3_sections(
    records: Records,
    fold: int,
    folds: int,
    fraction: float,
    seed: int,
    *,
    hold_out_by: str | None = None,
) -> NDArray[np.str_]:
    """Return the section of each image: training, validation or test.

    With ``hold_out_by`` the folds are hospitals. Of the others, each class of each of them gives
    validation images; patients who were in the held-out one too are in none of the sections.

    Args:
        records: All images of a manifest.
        fold: Fold for testing.
        folds: Number of folds to make if the manifest has none.
        fraction: Part of the patients of the other folds that is for validation.
        seed: For folds and hold-out.
        hold_out_by: Column that names the hospital of each image; None: folds of patients.

    Returns:
        ``(N,)`` str; :data:`monai_covid.data.hospitals.UNUSED` beside the three.

    Raises:
        OptionError: There is no such fold, or its hospital cannot be held out.
        InputError: A class has too few patients for the folds, or the column cannot be used.
    """
    if hold_out_by is not None:
        sections = hospital_sections(records, hold_out_by, fold)
        others = records.select(sections == "")
        targets = hospital_targets(others, hold_out_by)
        held = hold_out(others.patients, targets, fraction, seed)
        sections[sections == ""] = np.where(held, "validation", "training")
        return sections
    fold_of = _folds(records, folds, seed)
    fold_numbers = np.unique(fold_of).tolist()
    if fold not in fold_numbers or isinstance(fold, bool):
        raise OptionError(f"fold must be one of {fold_numbers} in {records.file}, got {fold!r}")
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


def stage3_patients(
    manifests: Sequence[Path | str],
    fold: int | None = None,
    validation_fraction: float | None = None,
    seed: int = 0,
) -> set[str]:
    """Return the patients of manifests of stage 3: all, or those of one fold.

    With a fold, the patients of the other folds may be learned from in stage 2 as they are in stage
    3. Stage 3's validation patients are among them: unless they are left out too, its validation
    scores are too good, and thresholds or temperatures fitted on them too bold.

    Args:
        manifests: CSV files, or folders that hold ``metadata.csv``.
        fold: Stage 3's test fold; needs the column ``fold``. None: all patients.
        validation_fraction: Stage 3's, to leave out whom it holds out for validation too. The
            manifests are read as stage 3 reads them, images and all.
        seed: Stage 3's seed.

    Raises:
        OptionError: There are no manifests for the fold, or no fold for the fraction.
        InputError: A manifest cannot be read, or has no such fold.
    """
    if validation_fraction is not None and fold is None:
        raise OptionError("exclude_validation_fraction needs exclude_fold: stage 3's test fold")
    if fold is None:
        return patients_in_manifests(manifests)
    if not manifests:
        raise OptionError("exclude_fold needs exclude_manifests: whose fold is it?")
    files = [manifest_file(manifest) for manifest in manifests]
    patients = set().union(*(_patients_of_fold(file, fold) for file in files))
    if validation_fraction is not None:
        for file in files:
            records = read_collection(file)
            sections = stage3_sections(records, fold, 0, validation_fraction, seed)
            patients |= patients_in(records.frame.loc[sections == "validation"])
    return patients


def _patients_of_fold(file: Path, fold: int) -> set[str]:
    frame = read_table(file, ("image", "patient_id", "fold"))
    folds = frame["fold"].str.replace(r"^0+(?=[0-9])", "", regex=True)
    chosen = frame.loc[folds == str(fold)]
    if chosen.empty:
        available = ", ".join(sorted(set(folds) - {""})) or "none"
        message = f"has no fold {fold}, which exclude_fold asks for; its folds: {available}"
        raise InputError([Problem(file, None, message)])
    return patients_in(chosen)


def assign_folds(
    patients: NDArray[np.object_], classes: NDArray[np.intp], folds: int, seed: int
) -> NDArray[np.intp]:
    """Divide patients into folds with similar class frequencies.

    The result depends on the seed and on who has which images, not on the order of the rows.

    Args:
        patients: Patient of each image, ``(N,)`` str.
        classes: Class of each image, ``(N,)``.
        folds: Number of folds, at least 2. Every class should have at least as many patients.
        seed: Any whole number from 0.

    Returns:
        Fold of each image, ``(N,)``, from 0.

    Raises:
        ValueError: ``folds`` is not a whole number from 2.
    """
    check_folds(folds)
    order = np.lexsort((classes, patients.astype(str)))
    fold_of = np.empty(len(order), dtype=np.intp)
    fold_of[order] = balanced_folds(patients[order], classes[order], folds, seed)
    return fold_of


def hold_out(
    patients: NDArray[np.object_], targets: NDArray[np.bool_], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Choose patients for validation so that every label is held out at about the same fraction.

    For one or several labels per image. Labels are taken from the rarest to the commonest, as in
    iterative stratification (Sechidis et al., ECML PKDD 2011): each gets its quota of randomly
    drawn patients, counting those who were held out for a rarer label, and its other patients
    stay in training. The quota is ``fraction`` of the label's patients, but at least one on
    either side; a label with a single patient stays in training. At last, patients are moved where
    a label with two or more patients would still be missing on one side, unless that took another
    label away from the other side. Patients without any label form a class of their own.

    The result depends on the seed and on who has which labels, not on the order of the rows.

    Args:
        patients: Patient of each image, ``(N,)`` str.
        targets: ``(N, C)`` bool.
        fraction: Part of the patients to hold out, between 0 and 1, both excluded.
        seed: Any whole number from 0.

    Returns:
        ``(N,)`` bool, True for the images of patients held out.

    Raises:
        ValueError: ``fraction`` is out of range.
    """
    check_fraction(fraction)
    names, patient_of = np.unique(patients.astype(str), return_inverse=True)
    carries = _labels_of_patients(patient_of, len(names), targets)
    order = np.random.default_rng(seed).permutation(len(names))
    held = np.empty(len(names), dtype=bool)
    held[order] = _share_labels(carries[order], _fill_quotas(carries[order], fraction))
    return held[patient_of]


def check_fraction(fraction: float) -> None:
    """Raise ValueError unless ``fraction`` lies between 0 and 1, both excluded."""
    if isinstance(fraction, bool | str) or not 0 < fraction < 1:
        raise ValueError(f"validation_fraction must be a number between 0 and 1, got {fraction!r}")


def check_folds(folds: int) -> None:
    """Raise ValueError unless ``folds`` is a whole number from 2."""
    if not isinstance(folds, int) or isinstance(folds, bool) or folds < 2:
        raise ValueError(f"folds must be a whole number from 2, got {folds!r}")


def _labels_of_patients(
    patient_of: NDArray[np.intp], number: int, targets: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return ``(P, C + 1)``: which labels a patient has; the last column means none at all."""
    carries = np.zeros((number, targets.shape[1] + 1), dtype=bool)
    image, label = np.nonzero(targets)
    carries[patient_of[image], label] = True
    carries[:, -1] = ~carries.any(axis=1)
    return carries


def _rarest_first(carries: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.argsort(carries.sum(axis=0), kind="stable")


def _quota(patients: int, fraction: float) -> int:
    return min(max(1, round(fraction * patients)), patients - 1) if patients > 1 else 0


def _fill_quotas(carries: NDArray[np.bool_], fraction: float) -> NDArray[np.bool_]:
    held = np.zeros(len(carries), dtype=bool)
    decided = np.zeros(len(carries), dtype=bool)
    for label in _rarest_first(carries):
        owners = np.flatnonzero(carries[:, label])
        missing = max(0, _quota(len(owners), fraction) - int(held[owners].sum()))
        held[owners[~decided[owners]][:missing]] = True
        decided[owners] = True
    return held


def _share_labels(carries: NDArray[np.bool_], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Move a patient to the side that lacks a label, if the other side loses no label by it."""
    held = held.copy()
    for label in _rarest_first(carries):
        owners = np.flatnonzero(carries[:, label])
        if len(owners) < 2 or len(np.unique(held[owners])) == 2:
            continue
        side = held[owners[0]]
        irreplaceable = carries[held == side].sum(axis=0) == 1
        movable = owners[~carries[owners][:, irreplaceable].any(axis=1)]
        held[movable[:1]] = ~side
    return held
