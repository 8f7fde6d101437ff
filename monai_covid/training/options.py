"""The options of the bundle's workflows: names, types, ranges; checks; and how parts get them.

MONAI accepts a misspelt top-level override without a word and hands ``--flag false`` on as the
truthy text 'false'. The check here, run first in every config's ``initialize``, turns both into
errors that name the option and what would be right.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from itertools import takewhile
from typing import Any, NamedTuple, TypeVar

from monai.bundle import ConfigParser
from monai.bundle.utils import DEFAULT_EXP_MGMT_SETTINGS

from monai_covid.errors import or_exit
from monai_covid.training.texts import restore_texts

T = TypeVar("T")

EXPRESSION_MARKS = ("$", "@", "%")

MONAI_TRACKING = frozenset(DEFAULT_EXP_MGMT_SETTINGS["mlflow"]["configs"])
"""Top-level names that MONAI's ``--tracking mlflow`` adds to a config."""


class Option(NamedTuple):
    """One option of a workflow.

    Attributes:
        kinds: Accepted types.
        help: What it does, with its unit.
        low: Smallest accepted number.
        high: Largest accepted number.
        choices: Accepted values; empty for any.
    """

    kinds: tuple[type, ...]
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str | int, ...] = ()


def flag(text: str) -> Option:
    """Return a yes/no option."""
    return Option((bool,), text)


def whole(text: str, low: float | None = None, high: float | None = None) -> Option:
    """Return an option that takes a whole number."""
    return Option((int,), text, low, high)


def number(text: str, low: float | None = None, high: float | None = None) -> Option:
    """Return an option that takes a number."""
    return Option((int, float), text, low, high)


def choice(text: str, *choices: str) -> Option:
    """Return an option that takes one of a few texts."""
    return Option((str,), text, choices=choices)


def text(help_text: str) -> Option:
    """Return an option that takes a text, such as a path."""
    return Option((str,), help_text)


def optional(option: Option) -> Option:
    """Return ``option`` with None also accepted."""
    return option._replace(kinds=(*option.kinds, type(None)))


def check_options(
    options: Mapping[str, Option],
    wiring: Iterable[str],
    conflicts: Callable[[Mapping[str, Any]], list[str]] | None = None,
) -> None:
    """Check the config that is being run, from an expression in its ``initialize``.

    Args:
        options: The options by name.
        wiring: Further top-level names of the config, which hold components and expressions.
        conflicts: Says which of the config's options do not go together, one text a problem.

    Raises:
        SystemExit: Listing every unknown name, with the nearest known one, and every unusable
            value, with what would be right.
    """
    restore_running_texts(options)
    config = running_config()
    problems = option_problems(config, options, wiring)
    problems += conflicts(config) if conflicts is not None else []
    if problems:
        listed = "\n  ".join(problems)
        raise SystemExit(f"error: unusable options:\n  {listed}")


def restore_running_texts(options: Mapping[str, Option], below: str = "") -> None:
    """Give texts of the running config back what the command line took for numbers.

    Args:
        options: The options by name.
        below: Where they stand, such as ``stage3#``; empty: at the top.
    """
    kinds = {name: option.kinds for name, option in options.items()}
    restore_texts(_running_parser(), kinds, below)


def option_problems(
    config: Mapping[str, Any], options: Mapping[str, Option], wiring: Iterable[str]
) -> list[str]:
    """Return what is wrong with the options in ``config``, one text a problem."""
    known = {*options, *wiring}
    unknown = [name for name in config if name not in known]
    if unknown and MONAI_TRACKING.issuperset(unknown):
        # The handlers it adds expect another form of output from the engines.
        return ["--tracking is not an option; for MLflow give --mlflow with its tracking URI"]
    problems = [_unknown(name, known) for name in unknown]
    for name, option in options.items():
        if name not in config:
            problems.append(f"{name} is missing from the config")
            continue
        problem = value_problem(config[name], option)
        if problem:
            problems.append(f"--{name} {config[name]!r}: {problem}")
    return problems


def _unknown(name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    hint = f"did you mean --{nearest[0]}?" if nearest else f"known: {', '.join(sorted(known))}"
    return f"--{name} is not an option; {hint}"


def value_problem(value: Any, option: Option) -> str | None:
    """Return why ``value`` is unusable for ``option``, or None.

    Expressions of the config language cannot be judged before they run and are accepted.
    """
    if isinstance(value, str) and value.startswith(EXPRESSION_MARKS):
        return None
    if not _is_kind(value, option.kinds):
        return _expectation(value, option)
    if option.choices and value is not None and value not in option.choices:
        choices = [str(choice) for choice in option.choices]
        nearest = get_close_matches(str(value), choices, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        return f"must be one of {', '.join(choices)}{hint}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _range_problem(value, option)
    return None


def _is_kind(value: Any, kinds: tuple[type, ...]) -> bool:
    # bool is a subclass of int, but True is no number of epochs.
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds)


def _expectation(value: Any, option: Option) -> str:
    names = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}
    expected = [
        names.get(kind, "None" if kind is type(None) else kind.__name__) for kind in option.kinds
    ]
    if float in option.kinds:
        expected.remove(names[int])
    given = f"this is the text {value!r}" if isinstance(value, str) else f"this is {value!r}"
    hint = ""
    if isinstance(value, str) and float in option.kinds:
        hint = " (in YAML write 1.0e-4, since 1e-4 is read as text)"
    return f"must be {' or '.join(expected)}; {given}{hint}"


def _range_problem(value: float, option: Option) -> str | None:
    if option.low is not None and not value >= option.low:
        return f"must be at least {option.low:.10g}"
    if option.high is not None and not value <= option.high:
        return f"must be at most {option.high:.10g}"
    return None


def running_config() -> dict[str, Any]:
    """Return the content of the config parser that is evaluating the calling expression.

    Values are as they are written; expressions among them are not evaluated.
    """
    config: dict[str, Any] = _running_parser().get()
    return config


def _running_parser() -> ConfigParser:
    # MONAI merges overrides into the parser and gives expressions no reference to it, so it is
    # looked up among the callers.
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, ConfigParser):
            return caller
        frame = frame.f_back
    raise RuntimeError("not called from an expression of a running config")


def part(function: Callable[..., T]) -> Callable[..., T]:
    """Make a part for configs of a function or class.

    Called from a running config, it takes each option of the config that bears the name of one of
    its parameters, unless that is given. Options are what stands above ``imports``. Errors of the
    user's input become one clear line and exit status 1, as by ``errors.or_exit``.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def configured(*args: Any, **kwargs: Any) -> T:
        given = signature.bind_partial(*args, **kwargs).arguments
        parser = _running_parser()
        options = takewhile(lambda name: name != "imports", parser.get())
        taken = [name for name in options if name in signature.parameters and name not in given]
        values = {name: parser.get_parsed_content(name) for name in taken}
        return or_exit(function, *args, **kwargs, **values)

    return configured
