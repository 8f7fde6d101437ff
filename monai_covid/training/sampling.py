"""Which images an epoch takes, in which order, on which process."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import ignite.distributed as idist
from torch.utils.data.distributed import DistributedSampler


class EpochSampler(DistributedSampler[tuple[int, int]]):
    """Yields ``(epoch, index)``, so that random transforms can be a function of both.

    The order is a function of the seed and the epoch alone: a resumed run sees what an
    uninterrupted one sees, and the global batches of several processes hold the images that one
    process would have put together. The trainer sets the epoch.
    """

    def __init__(self, dataset: Sized, seed: int = 0) -> None:
        """Shuffle ``dataset`` anew each epoch, shared evenly among the processes."""
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

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield this process's share of the epoch's permutation."""
        return ((self.epoch, int(index)) for index in super().__iter__())  # type: ignore[call-overload]


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
