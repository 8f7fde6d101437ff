"""No class is known by name outside the label sets: code works for any."""

import io
import re
import tokenize
from pathlib import Path

import pytest

import monai_covid

PACKAGE = Path(monai_covid.__file__).parent
ALLOWED = ("labels", "lab", "cli")
"""Label sets; the laboratory, which is about the publication; commands with its old options."""

CLASSES = re.compile(r"covid(?!_nih)|pneumonia|tubercul", re.IGNORECASE)
OWN_NAME = re.compile(r"monai[_-]?covid|stage3_covid\.yaml", re.IGNORECASE)


def names_and_texts(file):
    """Names and texts of a program, without comments and docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline)
    before = tokenize.NEWLINE
    for token in tokens:
        is_docstring = token.type == tokenize.STRING and before in (
            *(tokenize.NEWLINE, tokenize.INDENT, tokenize.NL, tokenize.DEDENT),
            *(tokenize.ENCODING, tokenize.COMMENT),
        )
        if token.type in (tokenize.NAME, tokenize.STRING) and not is_docstring:
            yield token.start[0], token.string
        before = token.type


@pytest.mark.parametrize(
    "room",
    sorted(p.name for p in PACKAGE.iterdir() if p.suffix in ("", ".py") and p.name[0] != "_"),
)
def test_no_class_by_name(room):
    if room in ALLOWED:
        return
    folder = PACKAGE / room
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    found = [
        f"{file.relative_to(PACKAGE)}:{line}: {text}"
        for file in files
        for line, text in names_and_texts(file)
        if CLASSES.search(OWN_NAME.sub("", text))
    ]
    assert not [each for each in found if "such as pneumonia" not in each]
