"""Writing files so that they are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monai_covid.errors import RunFolderError


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``target`` that replaces it when the block ends without error.

    The temporary name keeps the suffix of ``target``, so that writers that look at it still work.
    Missing parent folders are created. After an exception ``target`` is as it was before.

    Args:
        target: File to write.

    Yields:
        Path to write to, in the folder of ``target``.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path | str, text: str) -> None:
    """Write ``text`` as UTF-8 to ``target`` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_writable(folder: Path | str) -> None:
    """Make sure that ``folder`` can be made and written to, without making it.

    Raises:
        RunFolderError: If it, or the nearest folder above it that exists, cannot be written to.
    """
    nearest = Path(folder).absolute()
    while not nearest.exists():
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written to ({error.strerror})") from error
