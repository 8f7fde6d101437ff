"""A folder that holds just the files of one study."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def linked(files: Sequence[Path]) -> Iterator[Path]:
    """Yield a temporary folder with links to ``files``, named by their place in the sequence.

    The SDK's loader takes a folder, and a folder may hold studies of several patients. The names
    tell nothing about the patient.
    """
    with tempfile.TemporaryDirectory(prefix="study-") as name:
        folder = Path(name)
        for index, file in enumerate(files):
            (folder / f"{index:06d}.dcm").symlink_to(file.absolute())
        yield folder
