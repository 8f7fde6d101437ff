"""What all readers take and return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from monai_covid.data.records import Records
from monai_covid.errors import Problem

Policy = Literal["zeros", "ones", "ignore"]
"""What a label that is uncertain or blank counts as: absent, present, or neither."""

POLICIES: tuple[Policy, ...] = get_args(Policy)


class Request(NamedTuple):
    """What is to be read, and how.

    Attributes:
        path: File or folder.
        labels: The ``C`` labels; None: what the collection has.
        image_dir: Folder of the images, if not beside the table.
        patient_pattern: Regular expression with the group ``patient`` that finds the patient in
            an image's name; empty: there is none.
        uncertain: What a label of -1 counts as.
        blank: What an empty cell counts as, where labels are columns.
    """

    path: Path
    labels: tuple[str, ...] | None = None
    image_dir: Path | None = None
    patient_pattern: str = ""
    uncertain: Policy = "ignore"
    blank: Policy = "zeros"


class Inspection(NamedTuple):
    """A collection as far as it can be read.

    Attributes:
        records: All images; those that are missing have an empty path.
        problems: What is wrong.
        notes: What is no error but worth knowing.
    """

    records: Records
    problems: list[Problem]
    notes: list[str]


class Layout(NamedTuple):
    """A way in which collections lie on disk.

    Attributes:
        name: Its name in options.
        description: What lies there, as in "the column image, and …".
        fits: Whether a path looks like it.
        inspect: Reads it; raises InputError where it is not what it should be.
    """

    name: str
    description: str
    fits: Callable[[Path], bool]
    inspect: Callable[[Request], Inspection]
