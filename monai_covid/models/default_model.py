"""Where the model is that a path, or no path at all, stands for."""

from __future__ import annotations

from pathlib import Path

from monai_covid.errors import OptionError

MODEL = Path("bundle/models/model.pt")
"""Where a bundle keeps its model, from the folder that holds the bundle."""

CHECKOUT = Path(__file__).resolve().parents[2]
"""The repository, if the package is used from one."""

PLACES = ("models/model.pt", "model.pt", "model/model.pt")
"""In a bundle, in a folder of one run, and where the packager of MONAI Deploy puts a model."""


def default_model(here: Path | None = None, checkout: Path = CHECKOUT) -> Path:
    """Return the model of the bundle at hand.

    Args:
        here: Folder that is looked at first; none: the working directory.
        checkout: Folder that is looked at next.

    Returns:
        ``bundle/models/model.pt`` in the first of them that has it; where neither has, relative to
        the working directory, for messages.
    """
    for folder in (Path() if here is None else here, checkout):
        if (folder / MODEL).is_file():
            return folder / MODEL
    return MODEL


def find_model(path: Path) -> Path:
    """Return ``path`` if it is a file, else the model file in the folder ``path``.

    Raises:
        OptionError: If there is none, or more than one.
    """
    if path.is_file():
        return path
    present = [path / place for place in PLACES if (path / place).is_file()]
    if len(present) == 1:
        return present[0]
    problem = "several model files" if present else "no model file"
    raise OptionError(
        f"{path}: {problem}; give a model file, or a folder with one of {', '.join(PLACES)}"
    )
