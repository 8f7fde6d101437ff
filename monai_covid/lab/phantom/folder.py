"""Writing a folder of many images: in parallel, and either whole or absent."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from monai_covid.errors import InputError, Problem


@contextmanager
def new_folder(out: Path | str, contents: frozenset[str], *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder beside ``out`` that becomes ``out`` when the block ends.

    After an exception ``out`` is as it was before, and the temporary folder is gone.

    Args:
        out: Folder to make; its parents are created.
        contents: Names that the folder may hold. A folder that holds anything else is never
            replaced, so that a mistyped path does not cost somebody's files.
        overwrite: Whether a folder that is not empty may be replaced.

    Raises:
        InputError: If ``out`` is a file, or is not empty and may not be replaced.
    """
    out = Path(out)
    _refuse(out, contents, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    try:
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        yield temporary
        if out.exists():
            shutil.rmtree(out)
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refuse(out: Path, contents: frozenset[str], *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError([Problem(out, None, "is a file; expected a folder to write to")])
    names = sorted(path.name for path in out.iterdir())
    foreign = [name for name in names if name not in contents]
    if foreign and overwrite:
        message = f"is not replaced because it holds other files: {', '.join(foreign[:5])}"
        raise InputError([Problem(out, None, message)])
    if names and not overwrite:
        message = f"is not empty ({len(names)} entries); choose a new folder or --overwrite"
        raise InputError([Problem(out, None, message)])


Row = TypeVar("Row")

Made = TypeVar("Made")


def map_rows(
    work: Callable[[Row], Made], rows: Sequence[Row], description: str, *, progress: bool
) -> Iterator[Made]:
    """Yield ``work(row)`` for every row, in the order of the rows.

    Args:
        work: Called from several threads; most of a phantom's time is spent in NumPy and zlib,
            which let others run.
        rows: What to work on.
        description: Of the progress bar.
        progress: Whether to show one.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            results = pool.map(work, rows)
            yield from tqdm(
                results, total=len(rows), desc=description, unit="image", disable=not progress
            )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
