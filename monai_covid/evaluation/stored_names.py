"""How the classes of stored predictions are written for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.report_folder import METRICS_JSON
from monai_covid.labels import DISPLAY_NAMES


def names_beside(predictions: Path) -> dict[str, str]:
    """Return how classes are written, of the JSON file that was stored with predictions.

    Args:
        predictions: ``NAME.csv``; beside it lies ``NAME.json`` of ``predict``, ``metrics.json`` of
            an evaluation, or neither.

    Returns:
        Class -> as people read it; empty where nothing is stored.

    Raises:
        InputError: If that file is damaged.
    """
    for file in (predictions.with_suffix(".json"), predictions.with_name(METRICS_JSON)):
        if file.is_file():
            return _stored(file)
    return {}


def _stored(file: Path) -> dict[str, str]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError([Problem(file, None, f"not a JSON file: {error}")]) from error
    names = content.get(DISPLAY_NAMES, {}) if isinstance(content, Mapping) else {}
    if not isinstance(names, Mapping) or not all(isinstance(name, str) for name in names.values()):
        message = f"{DISPLAY_NAMES} is {names!r}; it must be a text for each class"
        raise InputError([Problem(file, None, message)])
    return dict(names)
