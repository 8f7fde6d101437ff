"""The model that commands use when none is named."""

from __future__ import annotations

from pathlib import Path

MODEL = Path("bundle/models/model.pt")
"""Where a bundle keeps its model, from the folder that holds the bundle."""

CHECKOUT = Path(__file__).resolve().parents[2]
"""The repository, if the package is used from one."""


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
