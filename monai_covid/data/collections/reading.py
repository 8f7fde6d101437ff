"""Reading a labelled collection, whatever its layout."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from monai_covid.data.collections import chexpert, class_folders, manifest, nih, one_hot
from monai_covid.data.collections.layout import POLICIES, Inspection, Layout, Policy, Request
from monai_covid.data.collections.named_labels import checked, few_patients
from monai_covid.data.collections.tables import columns_of, tables_in
from monai_covid.data.records import Records
from monai_covid.data.tables import suggestion
from monai_covid.data.unknown_patients import checked_pattern
from monai_covid.errors import InputError, OptionError, Problem

logger = logging.getLogger(__name__)

LAYOUTS = {
    layout.name: layout
    for layout in (
        nih.LAYOUT,
        chexpert.LAYOUT,
        manifest.LAYOUT,
        one_hot.LAYOUT,
        class_folders.LAYOUT,
    )
}
"""All layouts, in the order in which they are tried."""


def read_collection(
    path: Path | str,
    labels: Sequence[str] | None = None,
    *,
    image_dir: Path | str | None = None,
    patient_pattern: str | None = None,
    uncertain: Policy = "ignore",
    blank: Policy = "zeros",
    layout: str | None = None,
    least_patients: int = 0,
) -> Records:
    r"""Read a labelled collection; what lies at the path says in which layout it is.

    Args:
        path: Folder or CSV file.
        labels: The ``C`` labels; None: what the collection has.
        image_dir: Folder of the images, if not beside the table.
        patient_pattern: Regular expression with the group ``patient``, such as
            ``person(?P<patient>\d+)_``, that tells the patient from an image's name.
        uncertain: What a label of -1 counts as: zeros, ones or ignore.
        blank: What an empty cell counts as, where labels are columns.
        layout: One of ``LAYOUTS``; None: the first that fits.
        least_patients: Number of patients that every label needs.

    Returns:
        The images; where a label is ignored, ``known`` is False. Images whose patient is unknown
        have patients of their own, see :mod:`monai_covid.data.unknown_patients`.

    Raises:
        InputError: Anything is wrong with the collection; lists all of it.
        OptionError: An argument is not usable.
    """
    inspection = inspect_collection(
        path,
        labels,
        image_dir=image_dir,
        patient_pattern=patient_pattern,
        uncertain=uncertain,
        blank=blank,
        layout=layout,
    )
    records, problems, notes = inspection
    owners = [records.patients[column] for column in records.targets.T]
    problems = [*problems, *few_patients(records.file, records.labels, owners, least_patients)]
    if problems:
        raise InputError(problems)
    for note in notes:
        logger.warning("%s: %s", records.file, note)
    return records


def inspect_collection(
    path: Path | str,
    labels: Sequence[str] | None = None,
    *,
    image_dir: Path | str | None = None,
    patient_pattern: str | None = None,
    uncertain: Policy = "ignore",
    blank: Policy = "zeros",
    layout: str | None = None,
) -> Inspection:
    """Read a collection as :func:`read_collection` does, but return its problems and notes.

    Raises:
        InputError: It is in none of the layouts, or not what it should be.
        OptionError: An argument is not usable.
    """
    for name, policy in (("uncertain", uncertain), ("blank", blank)):
        if policy not in POLICIES:
            raise OptionError(f"{name} is {policy!r}; it must be one of {', '.join(POLICIES)}")
    if patient_pattern:
        checked_pattern(patient_pattern)
    request = Request(
        Path(path).absolute(),
        None if labels is None else checked(labels),
        None if image_dir in (None, "") else Path(image_dir),
        patient_pattern or "",
        uncertain,
        blank,
    )
    return _layout_of(request.path, layout).inspect(request)


def _layout_of(path: Path, name: str | None) -> Layout:
    if name is not None and name not in LAYOUTS:
        hint = suggestion(name, LAYOUTS)
        raise OptionError(f"layout is {name!r}{hint}; it must be one of {', '.join(LAYOUTS)}")
    if not path.exists():
        raise InputError([Problem(path, None, "does not exist")])
    if name is not None:
        return LAYOUTS[name]
    fitting = (layout for layout in LAYOUTS.values() if layout.fits(path))
    found = next(fitting, None)
    if found is None:
        raise InputError([Problem(path, None, _unknown(path))])
    return found


def _unknown(path: Path) -> str:
    tables = tables_in(path) if path.is_dir() else []
    if len(tables) > 1:
        return f"holds {', '.join(table.name for table in tables)}; name one of them"
    columns = columns_of(path)
    found = f"; its columns are {', '.join(columns)}" if columns else ""
    known = "; ".join(layout.description for layout in LAYOUTS.values())
    return f"is no collection of a known layout{found}. Expected: {known}"
