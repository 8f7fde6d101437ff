"""The model file that the option ``-m`` means."""

from __future__ import annotations

from pathlib import Path

from monai_covid.errors import OptionError

PLACES = ("models/model.pt", "model.pt", "model/model.pt")
"""In a bundle, in a folder of one model, and where the packager puts ``-m models/model.pt``."""


def find_model(path: Path) -> Path:
    """Return ``path`` if it is a file, else the model file in the folder ``path``.

    Raises:
        OptionError: If there is none, or more than one.
    """
    if path.is_file():
        return path
    found = [path / place for place in PLACES if (path / place).is_file()]
    if len(found) == 1:
        return found[0]
    problem = "several model files" if found else "no model file"
    raise OptionError(
        f"{path}: {problem}; give a model file, or a folder with one of {', '.join(PLACES)}"
    )
