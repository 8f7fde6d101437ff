"""Drawing the sources of each class alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from monai_covid.errors import OptionError


def source_groups(
    training: Sequence[Mapping[str, Any]], balance: bool
) -> list[tuple[int, str]] | None:
    """Return class and source of each training image, or None where nothing is to be balanced.

    Images without a source, as those of a manifest that lacks the column, are a source of their
    own.

    Args:
        training: Items with a class index ``label`` and, of manifests that have it, ``source``.
        balance: Whether sources are to be balanced.

    Raises:
        OptionError: If no image has a source.
    """
    if not balance:
        return None
    if not any(item.get("source") for item in training):
        raise OptionError(
            "balance_sources needs the column 'source' in the manifest; no training image has one"
        )
    return [(int(item["label"]), str(item.get("source", ""))) for item in training]


def balanced_draw(
    groups: Sequence[tuple[int, Hashable]], generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw an epoch in which the sources of each class have equal numbers of images.

    Each class has as many draws as it has images. They are shared evenly among its sources; which
    of them get one more is drawn. Images of a small source come again, all equally often but for
    one; those of a large one take turns by chance. A class of one source is taken once each: where
    class and source are one, there is nothing to balance.

    Args:
        groups: Class and source of each image.
        generator: Source of the random numbers.

    Returns:
        ``(index, repetition)`` in random order, as many as there are images; repetition 0 is the
        first time.
    """
    members: dict[int, dict[Hashable, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (label, source) in enumerate(groups):
        members[label][source].append(index)
    drawn: list[int] = []
    for label in sorted(members):
        sources = list(members[label].values())
        quotas = _shared(sum(map(len, sources)), len(sources), generator)
        for indices, quota in zip(sources, quotas, strict=True):
            drawn += _take(indices, quota, generator)
    taken: Counter[int] = Counter()
    keys = []
    for index in drawn:
        keys.append((index, taken[index]))
        taken[index] += 1
    return [keys[position] for position in generator.permutation(len(keys))]


def _shared(number: int, shares: int, generator: np.random.Generator) -> list[int]:
    least, left = divmod(number, shares)
    quotas = np.full(shares, least)
    quotas[generator.permutation(shares)[:left]] += 1
    return [int(quota) for quota in quotas]


def _take(indices: Sequence[int], number: int, generator: np.random.Generator) -> list[int]:
    rounds, left = divmod(number, len(indices))
    some = generator.permutation(len(indices))[:left]
    return [*indices] * rounds + [indices[position] for position in some]
