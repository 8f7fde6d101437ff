"""The kinds of results, for those who want some of them only."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid.errors import OptionError

RESULT_KINDS = ("report", "annotation", "overlay", "heatmap")
"""Structured report, presentation state, secondary capture and segmentation."""


def chosen_kinds(stated: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the kinds that are named, in the order of ``RESULT_KINDS``.

    Args:
        stated: Kinds, or one text with commas between them; None: all.

    Raises:
        OptionError: One is unknown, or there is none.
    """
    if stated is None:
        return RESULT_KINDS
    names = stated.split(",") if isinstance(stated, str) else list(stated)
    named = {name.strip() for name in names}
    unknown = sorted(named - set(RESULT_KINDS))
    if unknown or not named:
        raise OptionError(
            f"results is {','.join(names)!r}; it must be one or more of {','.join(RESULT_KINDS)}"
        )
    return tuple(kind for kind in RESULT_KINDS if kind in named)
