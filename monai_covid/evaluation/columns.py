"""Names of the columns of a predictions table.

| column                | single-label                     | multi-label         |
|-----------------------|----------------------------------|---------------------|
| ``image``             | name or path, unique             | same                |
| ``patient_id``        | patient of the image             | same                |
| ``label``             | name of the true class           | not there           |
| ``target_<name>``     | not there                        | 0 or 1, each label  |
| ``probability_<name>``| in [0, 1], rows sum to 1         | in [0, 1]           |
| ``prediction``        | class of the highest probability | not there           |

Further columns are kept as they are.
"""

from __future__ import annotations

import pandas as pd

IMAGE = "image"
PATIENT = "patient_id"
LABEL = "label"
PREDICTION = "prediction"
PROBABILITY_PREFIX = "probability_"
TARGET_PREFIX = "target_"


def probability_column(name: str) -> str:
    """Return the column with the probability of class ``name``."""
    return f"{PROBABILITY_PREFIX}{name}"


def target_column(name: str) -> str:
    """Return the column that says whether label ``name`` is present (multi-label tables)."""
    return f"{TARGET_PREFIX}{name}"


def class_names_in(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the classes that ``table`` has probabilities for, in the order of its columns."""
    return _names_after(table, PROBABILITY_PREFIX)


def target_names_in(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the labels that ``table`` has targets for, in the order of its columns."""
    return _names_after(table, TARGET_PREFIX)


def is_multi_label(table: pd.DataFrame) -> bool:
    """Return whether the table has targets instead of one true class per image."""
    return LABEL not in table.columns and bool(target_names_in(table))


def _names_after(table: pd.DataFrame, prefix: str) -> tuple[str, ...]:
    columns = [str(column) for column in table.columns]
    return tuple(column[len(prefix) :] for column in columns if column.startswith(prefix))
