"""Labels as they are given, and as a collection writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from monai_covid.data.tables import suggestion
from monai_covid.errors import OptionError, Problem
from monai_covid.labels import in_known_order


class Matched(NamedTuple):
    """Labels and the names that a collection has for them.

    Attributes:
        labels: The labels.
        names: Name in the collection -> label.
        problems: Labels without a name, and names without a label.
    """

    labels: tuple[str, ...]
    names: dict[str, str]
    problems: list[Problem]


def match_labels(
    file: Path,
    present: Sequence[str],
    wanted: Sequence[str] | None,
    kind: str,
    *,
    all_claimed: bool = True,
) -> Matched:
    """Find out which name of a collection means which label.

    Args:
        file: The collection.
        present: The names that it has, in its order.
        wanted: The labels; upper and lower case and punctuation do not count (``COVID-19`` means
            covid19). None: the names themselves.
        kind: What such a name is, such as ``folder``.
        all_claimed: Whether every name has to be one of the labels.
    """
    repeated = [names for names in _alike(present) if len(names) > 1]
    problems = [
        Problem(file, None, f"{kind}s {' and '.join(map(repr, names))} are one label; join them")
        for names in repeated
    ]
    if wanted is None:
        return Matched(in_known_order(present), {name: name for name in present}, problems)
    labels = checked(wanted)
    by_key = {folded(label): label for label in labels}
    names = {name: by_key[folded(name)] for name in present if folded(name) in by_key}
    problems += [
        Problem(file, None, f"no {kind} for the label {label!r}{suggestion(label, present)}")
        for label in labels
        if label not in names.values()
    ]
    unclaimed = [name for name in present if name not in names]
    if all_claimed:
        problems += [
            Problem(
                file,
                None,
                f"{kind} {name!r} is none of the labels {', '.join(labels)}"
                f"{suggestion(name, labels)}",
            )
            for name in unclaimed
        ]
    return Matched(labels, names, problems)


def checked(labels: Sequence[str]) -> tuple[str, ...]:
    """Return ``labels`` as tuple.

    Raises:
        OptionError: With everything that is wrong with them.
    """
    if isinstance(labels, str):
        raise OptionError(f"labels are a list of names, not the text {labels!r}")
    names = list(labels)
    problems = [f"{name!r} is no name" for name in names if not isinstance(name, str) or not name]
    texts = [name for name in names if isinstance(name, str) and name]
    problems += [f"{' and '.join(map(repr, same))} are one" for same in _alike(texts, True)]
    if not names:
        problems.append("there are none")
    if problems:
        raise OptionError(f"labels: {'; '.join(problems)}")
    return tuple(texts)


def folded(name: str) -> str:
    """Return the letters and digits of a name alone, in lower case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name


def _alike(names: Sequence[str], several: bool = False) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(folded(name), []).append(name)
    return [group for group in groups.values() if not several or len(group) > 1]


def few_patients(
    file: Path, labels: Sequence[str], owners: Sequence[Iterable[str]], least: int
) -> list[Problem]:
    """Report labels that fewer than ``least`` patients have."""
    counts = Counter({label: len({*who}) for label, who in zip(labels, owners, strict=True)})
    return [
        Problem(file, None, f"label {label!r} has {counts[label]} patients; {least} are needed")
        for label in labels
        if counts[label] < least
    ]
