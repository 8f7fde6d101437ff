"""A Dockerfile as a list of instructions."""

import re
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction.

    Attributes:
        name: Such as RUN.
        text: What follows, on one line.
    """

    name: str
    text: str


def instructions(text: str) -> list[Instruction]:
    """Parse ``text``: comments go, continued lines are joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [Instruction(words[0].upper(), words[-1].strip()) for words in found]


def texts(text: str, name: str) -> list[str]:
    """What follows each instruction ``name`` in ``text``."""
    return [one.text for one in instructions(text) if one.name == name]
