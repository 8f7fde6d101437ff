"""Label sets from YAML files, from lists of names, and those that are shipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.labels.label_set import LabelSet, label_of, plain

_KEYS = ("name", "display", "code", "no_finding", "kept_from", "starts_from")
_CODE_LENGTHS = {"value": 16, "scheme": 16, "meaning": 64}
_FORBIDDEN = re.compile(r'[\\/,;="\x00-\x1f]')
_SETS = files("monai_covid.labels") / "sets"

SHIPPED = ("covid", "nih", "tuberculosis", "chexpert", "torchxrayvision")
"""Label sets that can be given by name."""


@cache
def shipped(name: str) -> LabelSet:
    """Return a label set that comes with the package, one of ``SHIPPED``."""
    content = yaml.safe_load((_SETS / f"{name}.yaml").read_text("utf-8"))
    return label_set_of(content, Path(f"{name}.yaml"))


def chosen_labels(given: str | Path | Sequence[str]) -> LabelSet:
    """Return the label set that an option names.

    Args:
        given: A YAML file, one of ``SHIPPED``, or names, as a list or divided by commas.

    Raises:
        InputError: If the file is wrong; lists all problems.
        OptionError: If the names are.
    """
    if isinstance(given, Path) or (isinstance(given, str) and "," not in given):
        return _from_name_or_file(str(given))
    names = given.split(",") if isinstance(given, str) else [str(name) for name in given]
    names = [name.strip() for name in names]
    problems = _name_problems(names)
    if problems:
        raise OptionError(f"--classes {','.join(names)}: {'; '.join(problems)}")
    return known_labels(names)


def known_labels(names: Sequence[str], *, exclusive: bool | None = None) -> LabelSet:
    """Return the shipped label set of exactly these names in this order, else one of names alone.

    Args:
        names: Names of the classes.
        exclusive: Whether they exclude each other; None: as shipped, else yes.
    """
    for name in SHIPPED:
        labels = shipped(name)
        if labels.names == tuple(names) and exclusive in (None, labels.exclusive):
            return labels
    return plain(names, exclusive=exclusive is not False)


def in_known_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the order of the shipped label set of exactly these, else as they are."""
    given = tuple(names)
    known = (shipped(name).names for name in SHIPPED)
    return next((labels for labels in known if {*labels} == {*given}), given)


def _from_name_or_file(given: str) -> LabelSet:
    if given in SHIPPED:
        return shipped(given)
    path = Path(given)
    if not path.is_file():
        nearest = get_close_matches(given, SHIPPED, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise OptionError(
            f"--classes {given}: no such file{hint}. Give a YAML file of labels, names divided by "
            f"commas, or one of {', '.join(SHIPPED)}"
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError([Problem(path, None, f"is not a YAML file: {error}")]) from error
    return label_set_of(content, path)


def label_set_of(content: Any, path: Path) -> LabelSet:
    """Return the label set that the content of a YAML file describes.

    Raises:
        InputError: With everything that is wrong.
    """
    problems = list(_problems(content))
    if problems:
        raise InputError([Problem(path, None, problem) for problem in problems])
    labels = tuple(label_of(entry) for entry in content["labels"])
    return LabelSet(labels, content.get("exclusive", True))


def _problems(content: Any) -> list[str]:
    if not isinstance(content, Mapping) or not isinstance(content.get("labels"), list):
        return ["has no list called labels; each of its entries has at least a name"]
    problems = _unknown(content, ("labels", "exclusive"), "the file")
    if not isinstance(content.get("exclusive", True), bool):
        problems.append(f"exclusive is {content['exclusive']!r}; it must be true or false")
    entries = content["labels"]
    named = [entry for entry in entries if isinstance(entry, Mapping) and "name" in entry]
    problems += [f"labels: {entry!r} has no name" for entry in entries if entry not in named]
    problems += _name_problems([entry["name"] for entry in named])
    for entry in named:
        problems += _entry_problems(entry)
    healthy = [str(entry["name"]) for entry in named if entry.get("no_finding") is True]
    if len(healthy) > 1:
        problems.append(f"no_finding is true for {', '.join(healthy)}; one label at most means it")
    return problems


def _entry_problems(entry: Mapping[str, Any]) -> list[str]:
    name = entry["name"]
    problems = _unknown(entry, _KEYS, f"label {name!r}")
    for key, kind in (("display", str), ("no_finding", bool), ("kept_from", str)):
        if key in entry and not isinstance(entry[key], kind):
            problems.append(
                f"label {name!r}: {key} is {entry[key]!r}; it must be a {kind.__name__}"
            )
    starts = entry.get("starts_from", [])
    if not (isinstance(starts, list) and all(isinstance(start, str) for start in starts)):
        problems.append(f"label {name!r}: starts_from is {starts!r}; it must be a list of labels")
    if entry.get("code") is not None:
        problems += [f"label {name!r}: {problem}" for problem in _code_problems(entry["code"])]
    return problems


def _code_problems(code: Any) -> list[str]:
    if not isinstance(code, Mapping):
        return [f"code is {code!r}; it must be a mapping of {', '.join(_CODE_LENGTHS)}"]
    problems = _unknown(code, tuple(_CODE_LENGTHS), "code")
    for key, length in _CODE_LENGTHS.items():
        value = code.get(key)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= length or "\\" in value:
            quoted = " (in quotation marks)" if isinstance(value, int) else ""
            problems.append(
                f"code {key} is {value!r}; it must be text{quoted} of 1 to {length} characters "
                "without a backslash"
            )
    if not problems and code["scheme"] == "SCT" and not is_snomed_identifier(code["value"]):
        problems.append(f"code value {code['value']!r} is no SNOMED CT code; check its digits")
    return problems


def _unknown(content: Mapping[Any, Any], keys: Sequence[str], where: str) -> list[str]:
    return [f"{where} has {key!r}; known: {', '.join(keys)}" for key in content if key not in keys]


def _name_problems(names: Sequence[Any]) -> list[str]:
    problems = []
    if len(names) < 2:
        problems.append(f"{len(names)} class is not enough; name at least two")
    for name in names:
        if not isinstance(name, str) or not name.strip() or _FORBIDDEN.search(name):
            problems.append(f"{name!r} is no name of a class (text without , ; = / \\ or quotes)")
    folded = [name.casefold() for name in names if isinstance(name, str)]
    repeated = sorted({str(name) for name in names if folded.count(str(name).casefold()) > 1})
    if repeated:
        problems.append(f"repeated: {', '.join(repeated)}")
    return problems


def is_snomed_identifier(value: str) -> bool:
    """Say whether ``value`` is an SCTID: 6 to 18 digits, of which the last checks the others.

    Source: SNOMED CT Release File Specifications, "Check-digit"; Verhoeff's dihedral check.
    """
    if not re.fullmatch(r"[1-9][0-9]{5,17}", value):
        return False
    check = 0
    for place, digit in enumerate(reversed(value)):
        number = int(digit)
        for _ in range(place % 8):
            number = _TURN[number]
        check = _dihedral(check, number)
    return check == 0


_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _dihedral(first: int, second: int) -> int:
    """Multiply in the dihedral group of the pentagon."""
    if first < 5:
        rotated = (first + second) % 5
        return rotated if second < 5 else rotated + 5
    rotated = (first - second) % 5
    return rotated + 5 if second < 5 else rotated
