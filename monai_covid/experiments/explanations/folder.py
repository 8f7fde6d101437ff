"""The folder of a benchmark: what it is of, and measures that are not made twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.errors import RunFolderError
from monai_covid.experiments.explanations.cases import Cases
from monai_covid.files import atomic_path, check_writable, write_text

MARK = "explanations.json"
MEASURES = "measures"
MADE = (
    *(MARK, "index.html", "summary.csv", "told_apart.csv", "behaviour.csv"),
    *("places.png", "maps.png", "flipping.png", "faithfulness.png", "randomisation.png"),
)
"""Files of a benchmark; only these and its own folders are ever removed."""


def open_folder(
    out: Path, content: Mapping[str, Any], folders: tuple[str, ...], *, overwrite: bool
) -> None:
    """Make the folder of a benchmark, or go on with one of the same content.

    Args:
        out: Folder.
        content: What it is of.
        folders: Folders of its own, which ``overwrite`` removes.
        overwrite: Start anew.

    Raises:
        RunFolderError: If ``out`` is of something else or cannot be written to.
    """
    file, text = out / MARK, json.dumps(content, indent=2) + "\n"
    if not file.is_file() and out.is_dir() and any(out.iterdir()):
        raise RunFolderError(f"{out}: is neither empty nor a benchmark; give another --out")
    if file.is_file() and not overwrite and file.read_text(encoding="utf-8") != text:
        raise RunFolderError(
            f"{out}: holds a benchmark with other settings ({MARK}); give those, another --out, or "
            "--overwrite"
        )
    check_writable(out)
    if overwrite:
        for name in (*folders, MEASURES):
            shutil.rmtree(out / name, ignore_errors=True)
        for name in MADE:
            (out / name).unlink(missing_ok=True)
    write_text(file, text)


def fingerprint(*parts: str, cases: Cases) -> str:
    """Return a short name for measures of ``cases`` that depend on ``parts``."""
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(cases.images.numpy().tobytes())
    for name, mask in sorted(cases.masks.items()):
        digest.update(name.encode() + mask.numpy().tobytes())
    return digest.hexdigest()[:16]


def stored(file: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the table in ``file``, made and written first if there is none."""
    if not file.is_file():
        with atomic_path(file) as temporary:
            make().to_csv(temporary, index=False, lineterminator="\n")
    return pd.read_csv(file, dtype={"image": str})
