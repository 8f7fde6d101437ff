"""Who is asked for Storage Commitment, as the option says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_ELSEWHERE = re.compile(
    r"(?:(?P<of>[^=@]+)=)?(?P<title>[^=@]+)@(?P<host>\[[0-9a-fA-F:.]+\]|[^@:/\s]+):(?P<port>\d{1,5})"
)


class CommitmentScp(NamedTuple):
    """Who commits to what a destination stored.

    Attributes:
        title: AE title.
        host: Name or address; empty: that of the destination.
        port: TCP port; 0: that of the destination.
        of: AE title of the destination; empty: the only one.
    """

    title: str
    host: str = ""
    port: int = 0
    of: str = ""


def parse_scp(text: str) -> CommitmentScp:
    """Return who is meant by ``AET``, ``AET@host:port`` or ``AET=AET@host:port``.

    The first of two AE titles is that of a ``--send-to``.
    """
    found = _ELSEWHERE.fullmatch(text)
    if found is None:
        return CommitmentScp(text, of=text)
    return CommitmentScp(
        found["title"], found["host"].strip("[]"), int(found["port"]), found["of"] or ""
    )


def titles_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return the AE titles of those that are asked."""
    return tuple(parse_scp(text).title for text in given)
