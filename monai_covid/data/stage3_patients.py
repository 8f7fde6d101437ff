"""The patients whom stage 2 must not see, because stage 3 is tested on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monai_covid.data.folders import manifest_file
from monai_covid.data.manifest import read_manifest
from monai_covid.data.patients import patients_in, patients_in_manifests
from monai_covid.data.sections import covid_sections
from monai_covid.data.tables import read_table
from monai_covid.errors import InputError, OptionError, Problem


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
    found = set().union(*(_patients_of_fold(file, fold) for file in files))
    if validation_fraction is not None:
        for file in files:
            records = read_manifest(file)
            sections = covid_sections(records, fold, 0, validation_fraction, seed)
            found |= patients_in(records.frame.loc[sections == "validation"])
    return found


def _patients_of_fold(file: Path, fold: int) -> set[str]:
    frame = read_table(file, ("image", "patient_id", "fold"))
    folds = frame["fold"].str.replace(r"^0+(?=[0-9])", "", regex=True)
    chosen = frame.loc[folds == str(fold)]
    if chosen.empty:
        there = ", ".join(sorted(set(folds) - {""}))
        message = f"has no fold {fold}, which exclude_fold asks for; its folds: {there or 'none'}"
        raise InputError([Problem(file, None, message)])
    return patients_in(chosen)
