"""Room on the stack, which holoscan wants before it is imported."""

from __future__ import annotations

import resource

NEEDED = 32 * 1024**2
"""Bytes; with the usual 8 MiB holoscan warns and may crash in a graph."""


def raise_stack_limit() -> None:
    """Raise the soft limit of this process to ``NEEDED``; a larger one stays.

    Raises:
        OSError: If the hard limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY or soft >= NEEDED:
        return
    if hard != resource.RLIM_INFINITY and hard < NEEDED:
        raise OSError(
            f"the hard limit of the stack is {hard} bytes and holoscan needs {NEEDED}; raise it "
            "with ulimit -Hs, or docker run --ulimit stack=33554432"
        )
    resource.setrlimit(resource.RLIMIT_STACK, (NEEDED, hard))
