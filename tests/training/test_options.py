"""Slips in options are caught, named and answered with what would be right."""

import pytest
from monai.bundle import ConfigParser

from monai_covid.errors import OptionError
from monai_covid.training.options import (
    check_options,
    choice,
    flag,
    number,
    option_problems,
    optional,
    part,
    running_config,
    text,
    value_problem,
    whole,
)
from monai_covid.training.workflow_options import NETWORK

OPTIONS = {
    "max_epochs": whole("epochs", low=1),
    "learning_rate": number("rate", low=1e-8, high=10),
    "resume": flag("continue"),
    "head": choice("start", "keep", "mean", "random"),
    "manifest": optional(text("file")),
}
GOOD = {
    "max_epochs": 3,
    "learning_rate": 0.01,
    "resume": False,
    "head": "keep",
    "manifest": None,
    "network": {},
}


def problems(**changes):
    return option_problems({**GOOD, **changes}, OPTIONS, ["network"])


def test_good_options():
    assert not problems()
    assert not problems(learning_rate=1, manifest="a.csv", resume=True, head="mean")


@pytest.mark.parametrize("value", ["$1 + 1", "@max_epochs", "%other"])
def test_expressions_are_left_to_the_config(value):
    assert not problems(max_epochs=value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_epoch": 3}, "--max_epoch is not an option; did you mean --max_epochs?"),
        ({"resum": True}, "--resum is not an option; did you mean --resume?"),
        ({"zebra": 1}, "--zebra is not an option; known: head, learning_rate, manifest, "),
        (
            {"resume": "false"},
            "--resume 'false': must be True or False; this is the text 'false'",
        ),
        ({"resume": 1}, "--resume 1: must be True or False; this is 1"),
        (
            {"learning_rate": "1e-4"},
            "--learning_rate '1e-4': must be a number; this is the text '1e-4' (in YAML write "
            "1.0e-4, since 1e-4 is read as text)",
        ),
        ({"learning_rate": 0}, "--learning_rate 0: must be at least 1e-08"),
        ({"learning_rate": 11.0}, "--learning_rate 11.0: must be at most 10"),
        ({"learning_rate": float("nan")}, "--learning_rate nan: must be at least 1e-08"),
        ({"learning_rate": None}, "--learning_rate None: must be a number; this is None"),
        ({"max_epochs": 0}, "--max_epochs 0: must be at least 1"),
        ({"max_epochs": 2.5}, "--max_epochs 2.5: must be a whole number; this is 2.5"),
        ({"max_epochs": True}, "--max_epochs True: must be a whole number; this is True"),
        ({"head": "kep"}, "--head 'kep': must be one of keep, mean, random; did you mean keep?"),
        ({"head": "zebra"}, "--head 'zebra': must be one of keep, mean, random"),
        ({"manifest": 3}, "--manifest 3: must be a text or None; this is 3"),
    ],
)
def test_each_slip_has_its_message(changes, message):
    (found,) = problems(**changes)
    assert found.startswith(message)
    assert found == message or message.endswith((", ",))


def test_all_slips_are_reported_together():
    found = problems(max_epoch=3, resume="true", head="kep")
    assert [text.split()[0] for text in found] == ["--max_epoch", "--resume", "--head"]


def test_a_missing_option_is_a_problem_of_the_config():
    config = {name: value for name, value in GOOD.items() if name != "head"}
    assert option_problems(config, OPTIONS, ["network"]) == ["head is missing from the config"]


@pytest.mark.parametrize(("channels", "fits"), [(1, True), (2, False), (3, True)])
def test_channels_are_one_or_three(channels, fits):
    problem = value_problem(channels, NETWORK["channels"])
    assert problem == (None if fits else "must be one of 1, 3")


def test_the_running_config_is_found_with_its_overrides():
    parser = ConfigParser({"value": 1, "seen": "$look()"}, globals={"look": running_config})
    parser["value"] = 2
    assert parser.get_parsed_content("seen")["value"] == 2


def test_outside_a_config_there_is_none():
    with pytest.raises(RuntimeError, match="expression of a running config"):
        running_config()


def test_the_check_ends_the_run_with_all_problems():
    def check():
        check_options(OPTIONS, ["network", "check"])

    config = {**GOOD, "max_epochs": 0, "hed": "keep", "check": "$check()"}
    with pytest.raises(SystemExit) as exit_:
        ConfigParser(config, globals={"check": check}).get_parsed_content("check")
    assert exit_.value.code == (
        "error: unusable options:\n  --hed is not an option; did you mean --head?\n"
        "  --max_epochs 0: must be at least 1"
    )


def described(text, *, seed, rate=1.0, network=None):
    """Stand for a part."""
    if seed < 0:
        raise OptionError(f"seed is {seed}; it must be at least 0")
    return (text, seed, rate, network)


CONFIG = {"seed": "$1 + 2", "rate": 0.5, "imports": [], "network": "a network"}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("$described('x')", ("x", 3, 0.5, None)),
        ("$described('x', rate=@seed)", ("x", 3, 3, None)),
        ("$described('x', network=@network)", ("x", 3, 0.5, "a network")),
        ({"_target_": "$@function", "text": "x", "seed": 7}, ("x", 7, 0.5, None)),
    ],
)
def test_a_part_takes_the_options_that_it_is_not_given(call, expected):
    config = {**CONFIG, "function": "$described", "made": call}
    parser = ConfigParser(config, globals={"described": part(described)})
    assert parser.get_parsed_content("made") == expected


def test_a_part_takes_an_option_that_was_changed_since():
    parser = ConfigParser({**CONFIG, "made": "$f('x')"}, globals={"f": part(described)})
    assert parser.get_parsed_content("made")[2] == 0.5
    parser["rate"] = 0.25
    assert parser.get_parsed_content("made")[2] == 0.25


def test_an_error_of_a_part_ends_the_run_with_one_line():
    config = {**CONFIG, "seed": -1, "made": "$f('x')"}
    with pytest.raises(SystemExit, match=r"^error: seed is -1; it must be at least 0$"):
        ConfigParser(config, globals={"f": part(described)}).get_parsed_content("made")


def test_outside_a_config_a_part_says_so():
    with pytest.raises(RuntimeError, match="expression of a running config"):
        part(described)("x")
