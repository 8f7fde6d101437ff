"""Folders and files whose names the command line takes for numbers."""

import sys

import pytest
from monai.bundle import ConfigParser

from monai_covid.training.options import Option, check_options, optional, text, whole
from tests.training.stages import FROM_RANDOM, run_stage, write_covid

OPTIONS = {
    "folder": text("folder"),
    "file": optional(text("file")),
    "others": Option((list,), "files"),
    "number": whole("number"),
}
WIRING = ("check", "path", "first")


def checked(monkeypatch, arguments, **changes):
    """The texts that a config works with, with dependents, as evaluated after its check."""
    given = {"folder": "a", "file": None, "others": [], "number": 3, **changes}
    config = {**given, "path": "$@folder + '/x'", "first": "$@others[0]", "check": "$check()"}
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    parser = ConfigParser(config, globals={"check": lambda: check_options(OPTIONS, WIRING)})
    parser.parse(True)
    parser.get_parsed_content("check")
    return parser


@pytest.mark.parametrize(
    ("arguments", "value", "expected"),
    [
        ([], 2024, "2024"),
        (["--folder", "2024"], 2024, "2024"),
        (["--folder", "2024.10"], 2024.1, "2024.10"),
        (["--folder=20_24"], 2024, "20_24"),
        (["--folder", "1e3"], 1000.0, "1e3"),
        (["--folder", "0x10", "--number", "16"], 16, "0x10"),
        (["--other", "7.0"], 7, "7"),
        (["--folder", "-1"], -1, "-1"),
    ],
)
def test_a_number_is_the_text_that_was_written(monkeypatch, arguments, value, expected):
    parser = checked(monkeypatch, arguments, folder=value)
    assert parser.get_parsed_content("folder") == expected
    assert parser.get_parsed_content("path") == f"{expected}/x"
    assert parser.get_parsed_content("number") == 3


def test_lists_and_texts_that_may_be_none(monkeypatch):
    parser = checked(monkeypatch, [], file=7, others=[2023, "b"])
    assert parser.get_parsed_content("file") == "7"
    assert parser.get_parsed_content("others") == ["2023", "b"]
    assert parser.get_parsed_content("first") == "2023"


@pytest.mark.parametrize("value", [True, None])
def test_what_is_no_number_stays_refused(monkeypatch, value):
    with pytest.raises(SystemExit, match=r"--folder .*must be a text"):
        checked(monkeypatch, [], folder=value)


@pytest.mark.usefixtures("tiny_network")
def test_a_stage_trains_on_folders_called_by_numbers(tmp_path, monkeypatch):
    write_covid(tmp_path / "2024")
    monkeypatch.chdir(tmp_path)
    run_stage("stage3_covid", 0, 0, dataset_dir=2024, output_dir=7, max_epochs=1, **FROM_RANDOM)
    assert (tmp_path / "7" / "model.pt").is_file()
