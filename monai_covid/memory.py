"""What becomes of the memory that a step frees."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of glibc's ``mallopt``; see its manual page."""


def keep_freed_memory() -> bool:
    """Keep memory that is freed for the next step instead of handing it back to the kernel.

    On processors every training step frees and asks for the same gigabyte. By default glibc hands
    it back in between, and the kernel clears every page anew: a tenth of the step's time. Memory of
    the process stays at its peak for as long as it runs.

    Returns:
        Whether it was done: with glibc alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))
