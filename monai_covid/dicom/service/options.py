"""Settings of the service from the command line and from a YAML file."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from monai_covid.dicom.service.settings import Settings, help_of, option_of
from monai_covid.errors import OptionError

_FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
_KINDS: dict[type[Any], tuple[tuple[type, ...], str]] = {
    int: ((int, str), "a whole number"),
    float: ((int, float, str), "a number"),
    str: ((str,), "text"),
    Path: ((str,), "a path"),
}
_TRUE_OR_FALSE = {"true": True, "false": False}


def add_service_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the service; :func:`settings_of` reads them."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file of options; the command line wins"
    )
    kinds = get_type_hints(Settings)
    for name, one in _FIELDS.items():
        text = help_of(name)
        if kinds[name] is bool:
            parser.add_argument(option_of(name), action="store_true", default=None, help=text)
        elif kinds[name] == tuple[str, ...]:
            parser.add_argument(option_of(name), action="append", metavar="VALUE", help=text)
        else:
            default = one.default
            shown = default not in (dataclasses.MISSING, None)
            parser.add_argument(
                option_of(name), metavar="VALUE", help=f"{text} ({default})" if shown else text
            )


def settings_of(options: argparse.Namespace, also: Sequence[str] = ()) -> Settings:
    """Return the settings that the options and their YAML file ask for.

    Args:
        options: Parsed options of :func:`add_service_options`.
        also: Names of further options that the YAML file may set; those that are None in
            ``options`` get its value there.

    Raises:
        OptionError: An option is unknown, missing or has an unusable value.
    """
    file = _of_file(options.config) if options.config is not None else {}
    unknown = [name for name in file if name not in _FIELDS and name not in also]
    if unknown:
        known = ", ".join(sorted([*_FIELDS, *also])).replace("_", "-")
        raise OptionError(f"{options.config}: unknown key {unknown[0]!r}; known are {known}")
    for name in also:
        if getattr(options, name) is None and name in file:
            setattr(options, name, file[name])
    return Settings(**_chosen(options, file))


def _chosen(options: argparse.Namespace, file: Mapping[str, Any]) -> dict[str, Any]:
    kinds = get_type_hints(Settings)
    values = {}
    for name, one in _FIELDS.items():
        value = getattr(options, name)
        value = file.get(name) if value is None else value
        if value is not None:
            values[name] = _converted(name, value, kinds[name])
        elif name == "send_to":
            values[name] = ()
        elif one.default is dataclasses.MISSING:
            raise OptionError(f"{option_of(name)} is missing: {help_of(name)}")
    return values


def _of_file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OptionError(f"--config is {path}, which cannot be read as YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise OptionError(f"{path}: must be a mapping of option names to values")
    return {str(key).replace("-", "_"): value for key, value in content.items()}


def _converted(name: str, value: Any, kind: Any) -> Any:
    """Return ``value`` (text of the command line, or anything of YAML) as ``kind``."""
    if kind == tuple[str, ...]:
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(value, str) for value in listed):
            raise OptionError(f"{option_of(name)} is {value!r}; it must be text or a list of texts")
        return tuple(listed)
    if kind is bool:
        return _boolean(name, value)
    (wanted,) = [argument for argument in get_args(kind) or (kind,) if argument is not type(None)]
    return _number_or_text(name, value, wanted)


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, str):
        value = _TRUE_OR_FALSE.get(value.lower(), value)
    if not isinstance(value, bool):
        raise OptionError(f"{option_of(name)} is {value!r}; it must be true or false")
    return value


def _number_or_text(name: str, value: Any, wanted: type[Any]) -> Any:
    accepted, words = _KINDS[wanted]
    try:
        if isinstance(value, bool) or not isinstance(value, accepted):
            raise ValueError
        return wanted(value)
    except ValueError as error:
        raise OptionError(f"{option_of(name)} is {value!r}; it must be {words}") from error
