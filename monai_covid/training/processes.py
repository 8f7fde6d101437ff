"""One training run on several processes."""

from __future__ import annotations

import gc
import os

import ignite.distributed as idist
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from monai_covid.errors import OptionError
from monai_covid.training.batch_norm import synchronise_batch_norm


def join_processes(distributed: bool, device: torch.device) -> None:
    """Join the group of processes that ``torchrun`` started: NCCL on GPUs, Gloo otherwise.

    Args:
        distributed: Whether the config is for several processes.
        device: Where this process computes.

    Raises:
        SystemExit: If several processes were started without ``distributed``, since each would
            train alone and write to the same folder, or the other way round.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started > 1 and not distributed:
        raise SystemExit(
            f"error: {started} processes were started but each would train alone; add "
            "configs/distributed.yaml to --config_file"
        )
    if distributed and "WORLD_SIZE" not in os.environ:
        raise SystemExit("error: configs/distributed.yaml is for runs started with torchrun")
    if distributed and not torch.distributed.is_initialized():
        idist.initialize("nccl" if device.type == "cuda" else "gloo")


def leave_processes(network: nn.Module | None = None) -> None:
    """Leave the group of processes, if this one joined any.

    The group's threads end when nothing refers to it any more. One that is still at work while
    Python ends aborts the process, so ``network`` lets go of the group.

    Args:
        network: What :func:`place` returned; it cannot be trained any further.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        idist.finalize()
        if isinstance(network, DistributedDataParallel):
            del network.reducer, network.logger, network.process_group
        gc.collect()


def place(network: nn.Module, device: torch.device) -> nn.Module:
    """Move ``network`` to ``device`` and, with several processes, keep its copies in step."""
    if idist.get_world_size() == 1:
        return network.to(device)
    network = synchronise_batch_norm(network, device).to(device)
    # The backbone gets no gradients while the head trains alone.
    return DistributedDataParallel(
        network,
        device_ids=[device.index] if device.type == "cuda" else None,
        find_unused_parameters=True,
    )


def share_of_batch(batch_size: int) -> int:
    """Return the images a process takes of a global batch.

    Raises:
        OptionError: If the batch cannot be shared evenly.
    """
    world: int = idist.get_world_size()
    if batch_size % world:
        raise OptionError(
            f"--batch_size {batch_size} cannot be shared evenly by {world} processes; take a "
            f"multiple of {world}"
        )
    return batch_size // world
