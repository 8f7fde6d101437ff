"""Errors that list everything at once, and how they reach the person who gave the input."""

import pytest
import torch

from monai_covid.errors import (
    SHOWN_AT_MOST,
    ImageReadError,
    InputError,
    OptionError,
    Problem,
    WeightsError,
    caused_by,
    or_exit,
)


def test_every_problem_is_in_the_message():
    error = InputError([Problem("a.csv", 3, "no patient"), Problem("b.png", None, "is empty")])
    assert str(error) == "2 problems in the input:\n  a.csv:3: no patient\n  b.png: is empty"
    assert [problem.row for problem in error.problems] == [3, None]


def test_a_long_list_is_cut_and_says_so():
    problems = [Problem("a.csv", row, "bad") for row in range(1, SHOWN_AT_MOST + 6)]
    error = InputError(problems)
    assert str(error).startswith("25 problems")
    assert str(error).endswith("… and 5 more")
    assert len(error.problems) == SHOWN_AT_MOST + 5


def test_or_exit_returns_what_the_function_returns():
    assert or_exit(divmod, 7, 2) == (3, 1)
    assert or_exit(int, "11", base=2) == 3


@pytest.mark.parametrize(
    "error",
    [
        WeightsError("model.pt: no such file"),
        OptionError("--fold 9"),
        ImageReadError("x.png: is empty"),
        InputError([Problem("a.csv", 2, "unknown label 'covd'")]),
    ],
)
def test_or_exit_turns_errors_of_the_input_into_an_exit(error):
    def fail():
        raise error

    with pytest.raises(SystemExit) as exit_:
        or_exit(fail)
    assert exit_.value.code == f"error: {error}"


def test_or_exit_finds_the_cause_behind_a_framework():
    def fail():
        try:
            raise ImageReadError("x.png: is empty")
        except ImageReadError as error:
            raise RuntimeError("applying transform") from error

    with pytest.raises(SystemExit, match=r"^error: x\.png: is empty$"):
        or_exit(fail)


def test_or_exit_shows_errors_of_loader_processes_without_their_traceback():
    class Unreadable(torch.utils.data.Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            raise ImageReadError("x.png: is empty")

    loader = torch.utils.data.DataLoader(Unreadable(), num_workers=1)
    with pytest.raises(SystemExit) as exit_:
        or_exit(list, loader)
    assert exit_.value.code == "error: x.png: is empty"


def test_or_exit_lets_errors_of_the_program_pass():
    def fail():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        or_exit(fail)


def test_caused_by():
    inner = OSError("inner")
    outer = RuntimeError("outer")
    outer.__cause__ = inner
    assert caused_by(outer, (OSError,)) is inner
    assert caused_by(outer, (RuntimeError,)) is outer
    assert caused_by(outer, (KeyError,)) is None
    assert caused_by(None, (KeyError,)) is None
