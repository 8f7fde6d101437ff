"""Multi-label findings as ChestX-ray14 writes them: ``Effusion|Mass``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.row_checks import unknown_label
from monai_covid.errors import Problem
from monai_covid.labels import NIH_LABELS, NO_FINDING

SEPARATOR = "|"


def multi_hot(
    file: Path, cells: pd.Series[str], labels: tuple[str, ...]
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Turn finding cells into targets.

    Findings of ChestX-ray14 that are not among ``labels`` are known and have no target, so that a
    network can be trained on some of them.

    Args:
        file: Where the cells are.
        cells: ``N`` cells, indexed by line.
        labels: The ``C`` outputs.

    Returns:
        ``(N, C)`` bool, and a problem per row that is not a valid set of findings.
    """
    codes, unique = pd.factorize(cells)
    findings = [[part.strip() for part in str(cell).split(SEPARATOR)] for cell in unique]
    table = np.array([[label in row for label in labels] for row in findings], dtype=bool)
    messages = [_message(row, labels) for row in findings]
    wrong = np.flatnonzero(np.array([bool(message) for message in messages])[codes])
    lines = cells.index[wrong]
    problems = [
        Problem(file, int(line), messages[code])
        for line, code in zip(lines, codes[wrong], strict=True)
    ]
    return table[codes], problems


def _message(findings: Sequence[str], labels: Sequence[str]) -> str:
    """Return what is wrong with the findings of one image, or nothing."""
    known = tuple(dict.fromkeys((*labels, *NIH_LABELS)))
    for finding in findings:
        if finding not in known:
            return unknown_label(finding, known)
    if NO_FINDING in findings and len(set(findings)) > 1:
        others = SEPARATOR.join(finding for finding in findings if finding != NO_FINDING)
        return f"{NO_FINDING!r} stands together with {others!r}; keep one or the other"
    return ""
