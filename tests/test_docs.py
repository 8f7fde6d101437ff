"""What the pages tell users to type exists: files, configs, options, commands."""

import re
import shlex
from pathlib import Path

import pytest

from monai_covid.cli.main import COMMANDS, build_parser
from monai_covid.lab.options_page import CONFIGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "bundle" / "docs" / "README.md", *ROOT.glob("docs/**/*.md")]
BUNDLE_OPTIONS = {"config_file", "bundle_root", "args_file"}


def pages():
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


def commands(page):
    """Return the shell commands of a page, continued lines joined, comments left out."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", pages())
def test_runs_of_the_bundle_use_options_that_exist(page):
    for words in commands(page):
        if "monai.bundle" not in words or "run" not in words:
            continue
        named = re.findall(r"bundle/configs/(\w+\.yaml)", " ".join(words))
        assert named, words
        for name in named:
            assert (ROOT / "bundle" / "configs" / name).is_file()
        # Words before -m are torchrun's.
        given = {word[2:] for word in words[words.index("run") :] if word.startswith("--")}
        unknown = {
            option
            for option in given - BUNDLE_OPTIONS - set(CONFIGS[named[0]])
            if not option.startswith("stage3#")
        }
        assert not unknown


@pytest.mark.parametrize("page", pages())
def test_commands_use_options_that_exist(page):
    for words in commands(page):
        if words[0] == "monai-covid":
            assert words[1] in COMMANDS
            build_parser(words[1:]).parse_args(words[1:])
