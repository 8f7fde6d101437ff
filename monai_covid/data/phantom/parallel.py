"""Work on many images at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

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
            made = pool.map(work, rows)
            yield from tqdm(
                made, total=len(rows), desc=description, unit="image", disable=not progress
            )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
