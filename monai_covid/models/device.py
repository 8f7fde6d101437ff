"""Where to compute, and what becomes of the memory that a step frees."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Mapping

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Numbers of glibc's ``mallopt``; see its manual page."""


def disable_malloc_trim() -> bool:
    """Keep memory that is freed for the next step instead of handing it back to the kernel.

    On CPU every training step frees and asks for the same gigabyte. By default glibc hands
    it back in between, and the kernel clears every page anew: a tenth of the step's time. Memory of
    the process stays at its peak for as long as it runs.

    Returns:
        Whether it was done: with glibc alone.
    """
    return _set_malloc({_MMAP_MAX: 0, _TRIM_THRESHOLD: -1})


LARGE_BLOCK = 32 << 20
"""Bytes; the most that glibc accepts as the size from which blocks are mapped."""

MOST_KEPT = 128 << 20
"""Bytes at the end of the heap."""


def keep_small_blocks() -> bool:
    """Keep freed memory as `disable_malloc_trim` does, but hand back what a large image took.

    For programs that run for months: what a network's layers take is kept for the next
    image; blocks of 32 MiB and more, as images of 8 million pixels are, go back when they are
    freed.

    Returns:
        Whether it was done: with glibc alone.
    """
    return _set_malloc({_MMAP_THRESHOLD: LARGE_BLOCK, _TRIM_THRESHOLD: MOST_KEPT})


def _set_malloc(options: Mapping[int, int]) -> bool:
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    done = [bool(mallopt(option, value)) for option, value in options.items()]
    return all(done)


def choose_device(device: str | None) -> torch.device:
    """Return the device of this process: the one asked for, else its GPU, else the CPU.

    Raises:
        SystemExit: For a device that PyTorch does not know or that is not there.
    """
    if device is None:
        local = int(os.environ.get("LOCAL_RANK", "0"))
        return torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SystemExit(f"error: --device {device}: not usable here ({reason})") from error
    return chosen
