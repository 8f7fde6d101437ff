"""How classes are written for people.

Tables and reports carry the names of classes alone. A label set that is read from a file tells here
how its classes are written, so that every page and picture of the same process says the same.
"""

from __future__ import annotations

from functools import cache

from monai_covid.labels.label_set import LabelSet, plain
from monai_covid.labels.reading import SHIPPED, shipped

_FROM_FILES: dict[str, str] = {}


def display_name(label: str) -> str:
    """Return how ``label`` is written for people; unknown labels with spaces for underscores."""
    return _FROM_FILES.get(label) or _shipped_names().get(label) or label.replace("_", " ")


def register_display_names(labels: LabelSet) -> None:
    """Write the classes of ``labels`` from now on as it says, where it says anything."""
    said = {label.name: label.display for label in labels.labels}
    usual = {label.name: label.display for label in plain(labels.names).labels}
    _FROM_FILES.update({name: shown for name, shown in said.items() if shown != usual[name]})


@cache
def _shipped_names() -> dict[str, str]:
    sets = [shipped(name) for name in SHIPPED]
    return {label.name: label.display for each in sets for label in each.labels}
