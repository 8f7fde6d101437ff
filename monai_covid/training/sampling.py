"""Which images an epoch takes, in which order, on which process."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence, Sized

import ignite.distributed as idist
import numpy as np
from torch.utils.data.distributed import DistributedSampler

from monai_covid.training.source_balance import balanced_draw

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
