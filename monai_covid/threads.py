"""How threads of a computation wait for each other."""

from __future__ import annotations

import os

SPINS = "20000"
"""Turns, a tenth of a millisecond or so; by default libgomp takes 300,000."""

_CHOICES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def wait_briefly() -> bool:
    """Let threads that wait for others sleep soon instead of keeping a processor busy.

    Where other programs want the processors too, threads otherwise burn the time that those they
    wait for need: with three busy programs on two processors a study took three times as long, with
    more of them ten times. On a quiet machine it costs a few per cent. libgomp, which PyTorch
    computes with on Linux, reads its settings when it is loaded, so this has to come before
    ``import torch``. What the user has chosen by ``GOMP_SPINCOUNT`` or ``OMP_WAIT_POLICY`` stays.

    Returns:
        Whether it was chosen here.
    """
    if any(name in os.environ for name in _CHOICES):
        return False
    os.environ["GOMP_SPINCOUNT"] = SPINS
    return True
