"""How classes are written for people.

Tables carry the names of classes alone. A label set that is read from a file or a model tells here
how its classes are written, so that every page and picture of the same process says the same.
Results of which other processes make pages store it too, as `DISPLAY_NAMES` beside their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from monai_covid.labels.label_set import LabelSet, plain
from monai_covid.labels.reading import SHIPPED, shipped

DISPLAY_NAMES = "display_names"
"""Key of stored results: name of each class -> how it is written."""

_FROM_FILES: dict[str, str] = {}


def display_name(label: str) -> str:
    """Return how ``label`` is written for people; unknown labels with spaces for underscores."""
    return _FROM_FILES.get(label) or _shipped_names().get(label) or label.replace("_", " ")


def register_display_names(labels: LabelSet) -> None:
    """Write the classes of ``labels`` from now on as it says, where it says anything."""
    register_stored_names({label.name: label.display for label in labels.labels})


def register_stored_names(stored: Mapping[str, str]) -> None:
    """Write classes from now on as stored results say, where they say anything."""
    usual = {label.name: label.display for label in plain(tuple(stored)).labels}
    _FROM_FILES.update({name: shown for name, shown in stored.items() if shown != usual[name]})


def display_names(labels: Iterable[str]) -> dict[str, str]:
    """Return how classes are written, to be stored with results that name them."""
    return {label: display_name(label) for label in labels}


@cache
def _shipped_names() -> dict[str, str]:
    sets = [shipped(name) for name in SHIPPED]
    return {label.name: label.display for each in sets for label in each.labels}
