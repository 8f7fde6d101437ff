"""What the pages tell users to type exists: files, configs, options, commands, modules."""

import ast
import re
import shlex
import textwrap
from functools import cache
from pathlib import Path

import pytest

from monai_covid.cli.main import COMMANDS, build_parser
from monai_covid.lab.options_page import CONFIGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for folder in ("", "deploy", "bundle", "docs")
    for path in (ROOT / folder).glob("**/*.md" if folder else "*.md")
)
BUNDLE_OPTIONS = {"config_file", "bundle_root", "args_file"}
MODULE = re.compile(r"\bmonai_covid((?:\.[A-Za-z_]\w*)+)")
FILE = re.compile(r"(?<![\w./-])((?:monai_covid|tests|bundle/configs|deploy)/[\w/.-]*\w)")


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
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{target}#{anchor}"


@cache
def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages())
def test_modules_exist(page):
    """Every ``monai_covid.x.y`` is a module, or a name in one; one file tells of old names."""
    if page.name == "CHANGELOG.md":
        return
    for dotted in set(MODULE.findall(page.read_text(encoding="utf-8"))):
        assert resolves(("monai_covid" + dotted).split(".")), f"monai_covid{dotted}"


def resolves(parts):
    """Return whether ``parts`` lead to a module, or to a name that one defines or exports."""
    for length in range(len(parts), 0, -1):
        folder = ROOT.joinpath(*parts[:length])
        module = next(
            filter(Path.is_file, (folder / "__init__.py", folder.with_suffix(".py"))), None
        )
        if module is not None:
            return length == len(parts) or parts[length] in defined(module)
    return False


@cache
def defined(module):
    """Return the names that a module or the stub beside it defines or imports."""
    stub = module.with_suffix(".pyi")
    names = set()
    for file in (module, stub):
        if file.is_file():
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                names |= {alias.asname or alias.name for alias in getattr(node, "names", ())}
                names |= {
                    target.id
                    for target in getattr(node, "targets", ())
                    if isinstance(target, ast.Name)
                }
                names |= {node.name} if hasattr(node, "name") else set()
    return names


@pytest.mark.parametrize("page", pages())
def test_files_of_the_repository_exist(page):
    """Files that are named, ``NAME`` apart; the changelog may tell of old ones."""
    if page.name == "CHANGELOG.md":
        return
    for path in set(FILE.findall(page.read_text(encoding="utf-8"))):
        if "NAME" in path:
            continue
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", pages())
def test_modules_that_are_named_for_short_exist(page):
    """``data/images.py`` is below the package, ``worker.py`` anywhere in it."""
    if page.name == "CHANGELOG.md":
        return
    for path in set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8"))):
        found = (folder.rglob(path) for folder in (ROOT / "monai_covid", ROOT / "deploy"))
        assert "NAME" in path or (ROOT / path).exists() or any(map(list, found)), path


@pytest.mark.parametrize("page", pages())
def test_python_of_the_pages_imports_what_exists(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        for node in ast.walk(ast.parse(textwrap.dedent(block))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("monai_covid"):
                for alias in node.names:
                    assert resolves([*node.module.split("."), alias.name]), ast.unparse(node)


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


@pytest.mark.parametrize("page", pages())
def test_targets_of_make_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    for words in commands(page):
        if words[0] == "make":
            assert set(words[1:]) <= targets, words


def test_pages_that_code_names_exist():
    files = [ROOT / "pyproject.toml", *(ROOT / "bundle" / "configs").iterdir()]
    for folder in ("monai_covid", "deploy", "tests"):
        files += (ROOT / folder).rglob("*.py")
    named = re.compile(r"\bdocs/[a-z-]+/[a-z0-9-]+\.md")
    for file in files:
        for page in named.findall(file.read_text(encoding="utf-8")):
            assert (ROOT / page).exists(), f"{file}: {page}"
