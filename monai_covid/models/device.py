"""Where to compute, and what becomes of the memory that a step frees."""

from __future__ import annotations

import ctypes
import os
import platform

import torch

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of glibc's ``mallopt``; see its manual page."""


def disable_malloc_trim() -> bool:
    """Keep memory that is freed for the next step instead of handing it back to the kernel.

    On CPU every training step frees and asks for the same gigabyte. By default glibc hands
    it back in between, and the kernel clears every page anew: a tenth of the step's time. Memory of
    the process stays at its peak for as long as it runs.

    Returns:
        Whether it was done: with glibc alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))


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
