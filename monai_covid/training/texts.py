"""Texts that the command line turned into numbers.

python-fire reads ``--dataset_dir 2024`` as a number (and 2024.10 as 2024.1), but a folder may be
called so.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from monai.bundle import ConfigParser


def restore_texts(
    parser: ConfigParser, options: Mapping[str, tuple[type, ...]], below: str = ""
) -> None:
    """Give options that take texts back what was written, in a config that is being run.

    Args:
        parser: The config; what is evaluated later sees the texts.
        options: Types that each option takes.
        below: Where the options stand in the config, such as ``stage3#``; empty: at its top.
    """
    config = parser.get(below.rstrip("#")) if below else parser.get()
    for name, kinds in options.items():
        value = config.get(name)
        if list in kinds and isinstance(value, list):
            texts: Any = [str(each) if _is_number(each) else each for each in value]
        elif str in kinds and not {int, float} & {*kinds} and _is_number(value):
            texts = _as_written(f"{below}{name}", value, sys.argv)
        else:
            continue
        if texts != value:
            config[name] = texts
            _replace(parser, f"{below}{name}", texts)


def _as_written(name: str, value: float, arguments: Sequence[str]) -> str:
    """Return the text of ``--name`` among the arguments that means ``value``."""
    options = f"--{name}", f"-{name}", f"--{name.replace('_', '-')}"
    pairs = [(option, text) for option, text in pairwise(arguments)]
    pairs += [(option, text) for option, _, text in (each.partition("=") for each in arguments)]
    texts = [text for option, text in pairs if option in options and _means(text, value)]
    return texts[-1] if texts else str(value)


def _means(text: str, value: float) -> bool:
    try:
        return bool(ast.literal_eval(text) == value)
    except (ValueError, SyntaxError):
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _replace(parser: ConfigParser, place: str, value: Any) -> None:
    # Setting it by the parser would forget what is evaluated, amid the evaluation.
    resolver = parser.ref_resolver
    name = resolver.normalize_id(place)
    if name in resolver.items:
        resolver.items[name].update_config(value)
    resolver.remove_resolved_content(name)
    if isinstance(value, list):
        for number, each in enumerate(value):
            _replace(parser, f"{place}#{number}", each)
