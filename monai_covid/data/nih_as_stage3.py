"""Images of ChestX-ray14 with the labels of stage 3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.nih import CSV_PATTERN, read_nih
from monai_covid.data.records import Records
from monai_covid.errors import InputError, Problem
from monai_covid.labels import COVID_LABELS, NIH_LABELS, NIH_TO_COVID


def is_nih_folder(folder: Path) -> bool:
    """Return whether a folder has the table of ChestX-ray14."""
    return folder.is_dir() and any(folder.glob(CSV_PATTERN))


def with_stage3_labels(records: Records) -> Records:
    """Return the images whose labels include Pneumonia or are No Finding alone, so labelled.

    Args:
        records: Of ``read_nih``.
    """
    targets = np.zeros((len(records), len(COVID_LABELS)), dtype=bool)
    for source, target in NIH_TO_COVID.items():
        targets[:, COVID_LABELS.index(target)] = records.targets[:, NIH_LABELS.index(source)]
    labelled: NDArray[np.bool_] = np.asarray(targets.any(axis=1))
    return replace(records.select(labelled), labels=COVID_LABELS, targets=targets[labelled])


def read_nih_as_stage3(folder: Path) -> Records:
    """Read ChestX-ray14 as a collection of pneumonia and normal.

    Raises:
        InputError: Anything is wrong with the files, or no image has such a label.
    """
    found = with_stage3_labels(read_nih(folder))
    if not len(found):
        message = "no image is labelled Pneumonia or No Finding alone"
        raise InputError([Problem(found.file, None, message)])
    return found
