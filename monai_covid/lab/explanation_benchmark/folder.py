"""The folder of a benchmark: what it is of, how much is measured, and tables made once."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.data.files import atomic_path, check_writable, write_text
from monai_covid.errors import OptionError, RunFolderError
from monai_covid.evaluation.bootstrap import RESAMPLES
from monai_covid.lab.explanation_benchmark.cases import Cases
from monai_covid.lab.explanation_benchmark.measure import titles
from monai_covid.lab.explanation_benchmark.summary import FEWEST_IMAGES

MARK = "explanations.json"
MEASURES = "measures"

OUTPUT_FILES = (
    *(MARK, "index.html", "summary.csv", "told_apart.csv", "behaviour.csv"),
    *("places.png", "maps.png", "flipping.png", "faithfulness.png", "randomisation.png"),
)
"""Files of a benchmark; only these and its own folders are ever removed."""

FEWEST_RESAMPLES = 40


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        images_per_class: Synthetic images of each class with lesions; of a model's: all.
        randomised_images: Images of the randomisation check.
        resamples: Bootstrap resamples.
        methods: Of ``explain.METHODS``, and ``random`` as a control.

    Raises:
        OptionError: If a number is too small, or a method is unknown or named twice.
    """

    images_per_class: int = 20
    randomised_images: int = FEWEST_IMAGES
    resamples: int = RESAMPLES
    methods: tuple[str, ...] = tuple(titles())

    def __post_init__(self) -> None:
        """Check the values."""
        wrong = [
            f"{name} is {value}, must be at least {least}"
            for name, value, least in (
                ("images_per_class", self.images_per_class, FEWEST_IMAGES),
                ("randomised_images", self.randomised_images, 1),
                ("resamples", self.resamples, FEWEST_RESAMPLES),
            )
            if value < least
        ]
        unknown = [name for name in self.methods if name not in titles()]
        if unknown or not self.methods:
            wrong.append(f"methods {unknown} are unknown; some of {', '.join(titles())} are needed")
        if len(set(self.methods)) < len(self.methods):
            wrong.append(f"methods are named twice: {', '.join(self.methods)}")
        if wrong:
            raise OptionError("; ".join(wrong))


def open_folder(
    out: Path, content: Mapping[str, Any], folders: tuple[str, ...], *, overwrite: bool
) -> None:
    """Make the folder of a benchmark, or go on with one of the same content.

    Args:
        out: Folder.
        content: What it is of.
        folders: Folders of its own, which ``overwrite`` removes.
        overwrite: Start again.

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
        for name in OUTPUT_FILES:
            (out / name).unlink(missing_ok=True)
    write_text(file, text)


def fingerprint(*parts: str, cases: Cases) -> str:
    """Return a short name for measures of ``cases`` that depend on ``parts``."""
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(cases.images.numpy().tobytes())
    for name, mask in sorted(cases.masks.items()):
        digest.update(name.encode() + mask.numpy().tobytes())
    return digest.hexdigest()[:16]


def read_or_make(file: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the table in ``file``, made and written first if there is none."""
    if not file.is_file():
        with atomic_path(file) as temporary:
            make().to_csv(temporary, index=False, lineterminator="\n")
    return pd.read_csv(file, dtype={"image": str})
