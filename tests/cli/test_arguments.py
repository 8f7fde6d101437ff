"""Options are named, set and described alike in all commands."""

import argparse
import re
from collections import defaultdict
from pathlib import Path

import pytest

import monai_covid.cli
from monai_covid.cli.arguments import SHARED, check_numbers, check_out
from monai_covid.cli.main import COMMANDS, build_parser, main
from monai_covid.errors import OptionError

FOLDER = Path(monai_covid.cli.__file__).parent

OTHER_TEXT = {
    "--out": "what is written there differs",
    "--model": "what it means to give none or several differs",
    "images": "find-text takes manifests too",
    "--images": "shrink says what they are for",
    "--fold": "audit takes the fold of its manifest, calibrate that of the training run",
    "--extra": "a folder of a study, manifests of train-all",
    "--imagenet": "several files of a study, one file of train-all",
    "--image-size": "a demo is small",
    "--nih-images": "a demo is small",
    "--covid-images-per-class": "a demo is small",
    "--stage2-epochs": "a demo is short",
    "--stage3-epochs": "a demo is short",
}
NONE_TELLS_WHETHER_IT_IS_GIVEN = {
    ("--model", "listen"),  # a YAML file may set it
    ("--keep-unsuitable", "listen"),
    ("--trust-photometric", "listen"),
    ("--batch-size", "train-all"),  # the first call sets it
    ("--seed", "train-all"),
    ("--seed", "benchmark-explanations"),  # it makes no sense with --model
}
PRIVATE_WORDS = (
    *("anew", "apparatus", "doubt", "dealt", "earlier_stages", "gallery", "likeness"),
    *("on processors", "quiet verdict", "strangers", "told apart", "trivial", "exclude each other"),
)


def actions_of(command):
    parser = build_parser([command])
    (commands,) = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return [
        action
        for action in commands.choices[command]._actions
        if action.dest != "help" and action.help != argparse.SUPPRESS
    ]


@pytest.fixture(scope="module")
def actions():
    return {command: actions_of(command) for command in COMMANDS}


def name_of(action):
    return action.option_strings[-1] if action.option_strings else action.dest


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert "Research use only" in " ".join(capsys.readouterr().out.split())


def test_an_option_means_the_same_everywhere(actions):
    texts, defaults = defaultdict(set), defaultdict(set)
    for command, own in actions.items():
        for action in own:
            name = name_of(action)
            texts[name].add(action.help)
            if (name, command) not in NONE_TELLS_WHETHER_IT_IS_GIVEN:
                defaults[name].add(repr(action.default))
    differing = {name for name in texts if len(texts[name]) > 1 or len(defaults[name]) > 1}
    assert differing == set(OTHER_TEXT)


def test_shared_options_are_defined_once():
    for file in FOLDER.glob("*.py"):
        if file.name == "arguments.py":
            continue
        own = re.findall(r'add_argument\(\s*"--([\w-]+)"', file.read_text(encoding="utf-8"))
        assert not {*SHARED, "out", "model", "images"} & set(own), file.name


def test_help_is_one_line_in_the_fields_words(actions):
    for command, own in actions.items():
        for text in (COMMANDS[command], *(action.help for action in own)):
            assert text, command
            assert "\n" not in text
            assert not text.endswith("."), (command, text)
            assert not [word for word in PRIVATE_WORDS if word in text], (command, text)


def test_what_computes_takes_the_gpu_if_there_is_one(actions):
    computing = {
        command
        for command, own in actions.items()
        if "--device" in {name_of(action) for action in own}
    }
    assert computing >= {"predict", "explain", "audit", "calibrate", "shrink", "study", "listen"}


@pytest.mark.parametrize(
    ("line", "dest", "value", "warning"),
    [
        ("shrink m.pt --images a --out b", "model", Path("m.pt"), "MODEL is now --model"),
        ("model-card m.pt --out b", "model", Path("m.pt"), "MODEL is now --model"),
        ("model-card --out b --data d.md", "data_text", Path("d.md"), "--data is now --data-text"),
        ("calibrate --out b --seed 3", "split_seed", 3, "--seed is now --split-seed"),
        ("study probes --data c --out b --progress", "quiet", False, "--progress is now"),
    ],
)
def test_old_names_work_with_a_warning(line, dest, value, warning, capsys):
    words = line.split()
    options = build_parser(words).parse_args(words)
    assert getattr(options, dest) == value
    assert f"warning: {warning}" in capsys.readouterr().err


def test_nothing_is_said_of_old_names_that_are_not_used(capsys):
    words = ["shrink", "--model", "m.pt", "--images", "a", "--out", "b"]
    assert build_parser(words).parse_args(words).model == Path("m.pt")
    assert capsys.readouterr().err == ""


def test_numbers_that_are_too_small_are_named_together():
    options = argparse.Namespace(batch_size=0, seed=-1, resamples=39, side=3, minutes=None)
    with pytest.raises(OptionError) as error:
        check_numbers(options, side=64)
    assert str(error.value) == (
        "--batch-size is 0; it must be at least 1; --seed is -1; it must be at least 0; "
        "--resamples is 39; it must be at least 40; --side is 3; it must be at least 64"
    )
    check_numbers(argparse.Namespace(batch_size=1, seed=None, resamples=40, side=64), side=64)


def test_files_beside_the_output_are_kept_too(tmp_path):
    beside = tmp_path / "beside.json"
    check_out(tmp_path / "new" / "a.pt", beside, overwrite=False)
    beside.write_text("")
    with pytest.raises(OptionError, match=r"beside\.json exists already; .* --overwrite"):
        check_out(tmp_path / "a.pt", beside, overwrite=False)
    check_out(tmp_path / "a.pt", beside, overwrite=True)
