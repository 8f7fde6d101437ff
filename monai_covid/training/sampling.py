"""Which images an epoch takes, in which order, on which process; sources balanced if asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence, Sized
from typing import Any

import ignite.distributed as idist
import numpy as np
from torch.utils.data.distributed import DistributedSampler

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


Access = tuple[int, int] | tuple[int, int, int]
"""Epoch and index; for an image that an epoch takes again, also which repetition it is, from 1."""


class EpochSampler(DistributedSampler[Access]):
    """Yields ``(epoch, index)``, so that random transforms can be a function of both.

    The order is a function of the seed and the epoch alone: a resumed run sees what an
    uninterrupted one sees, and the global batches of several processes hold the images that one
    process would have put together. The trainer sets the epoch.

    With ``groups``, an epoch has as many images of each class as ever, but the sources of a class
    are drawn alike, see `balanced_draw`. Repeated images come as ``(epoch, index, repetition)``,
    for transforms of their own.
    """

    def __init__(
        self,
        dataset: Sized,
        seed: int = 0,
        groups: Sequence[tuple[int, Hashable]] | None = None,
    ) -> None:
        """Shuffle ``dataset`` anew each epoch, shared evenly among the processes.

        Args:
            dataset: Only its length is used.
            seed: Of the order.
            groups: Class and source of each image, to draw the sources of a class alike.
        """
        super().__init__(
            dataset,  # type: ignore[arg-type]  # only its length is used
            num_replicas=idist.get_world_size(),
            rank=idist.get_rank(),
            shuffle=True,
            seed=seed,
            # Images that were repeated to make the shares even could fill a batch more than one
            # process makes.
            drop_last=True,
        )
        self.groups = groups

    def __iter__(self) -> Iterator[Access]:
        """Yield this process's share of the epoch's permutation."""
        if self.groups is None:
            shuffled = super().__iter__()
            return ((self.epoch, int(index)) for index in shuffled)  # type: ignore[call-overload]
        drawn = balanced_draw(self.groups, np.random.default_rng([self.seed, self.epoch]))
        share = drawn[self.rank : self.total_size : self.num_replicas]
        return (
            (self.epoch, index, repetition) if repetition else (self.epoch, index)
            for index, repetition in share
        )


class ShareSampler(DistributedSampler[int]):
    """Yields every image once over all processes, in order; shares may differ by one image."""

    def __init__(self, dataset: Sized) -> None:
        """Share ``dataset`` among the processes.

        Raises:
            SystemExit: If a process would get no image; the others would wait for it for ever.
        """
        world = idist.get_world_size()
        if len(dataset) < world:
            raise SystemExit(
                f"error: {len(dataset)} validation images cannot be shared by {world} processes; "
                "start fewer, or raise --validation_fraction"
            )
        super().__init__(
            dataset,  # type: ignore[arg-type]
            num_replicas=world,
            rank=idist.get_rank(),
            shuffle=False,
        )
        self.indices = range(idist.get_rank(), len(dataset), world)

    def __iter__(self) -> Iterator[int]:
        """Yield this process's indices."""
        return iter(self.indices)

    def __len__(self) -> int:
        """Return the number of images of this process."""
        return len(self.indices)
