"""A DenseNet of few layers, for tests of all but the network: a tenth of the time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

TINY = (1, 1, 1, 1)
"""Layers in each dense block."""


@contextmanager
def tiny_densenet() -> Iterator[None]:
    """Give densenet121 one layer in each block."""
    # Not before it is asked for: the tests of the Deploy application import this file too.
    from monai_covid.models.architectures import BLOCK_LAYERS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", TINY)
        yield
