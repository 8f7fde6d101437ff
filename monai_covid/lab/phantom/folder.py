"""Output folders that are either whole or absent.

Work on many images at once.

Files of one phantom image: the PNG and its ground-truth masks.

What the generator returns for one image.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from monai_covid.errors import InputError, Problem
from monai_covid.lab.phantom.arrays import BoolArray
from monai_covid.lab.phantom.patient import Sex, View


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
    found = sorted(path.name for path in out.iterdir())
    foreign = [name for name in found if name not in contents]
    if foreign and overwrite:
        message = f"is not replaced because it holds other files: {', '.join(foreign[:5])}"
        raise InputError([Problem(out, None, message)])
    if found and not overwrite:
        message = f"is not empty ({len(found)} entries); choose a new folder or --overwrite"
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
            made = pool.map(work, rows)
            yield from tqdm(
                made, total=len(rows), desc=description, unit="image", disable=not progress
            )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@dataclass(frozen=True, eq=False)
class PhantomImage:
    """A synthetic radiograph with its ground truth; all arrays are (H, W).

    Attributes:
        pixels: Grey values, 0 to 255; air is dark (MONOCHROME2).
        lesion_mask: Where the findings change the attenuation.
        text_mask: Where letters are burnt in.
        lung_mask: Where lung is seen in the chest without its findings.
        label: Class of the COVID set, or the findings of the NIH set joined by ``|``.
        findings: Findings that were drawn; empty for a healthy chest.
        view: AP or PA.
        sex: F or M.
        age: Age in years.
        patient_id: Number of the patient within the data set.
        words: What is burnt in, in no particular order.
        pixel_spacing: Millimetres per pixel at the patient.
    """

    pixels: NDArray[np.uint8]
    lesion_mask: BoolArray
    text_mask: BoolArray
    lung_mask: BoolArray
    label: str
    findings: tuple[str, ...]
    view: View
    sex: Sex
    age: int
    patient_id: int
    words: tuple[str, ...]
    pixel_spacing: float


def save_image(folder: Path, name: str, image: PhantomImage) -> None:
    """Write ``images/<name>`` and ``masks/<stem>_{lesion,text,lung}.png`` into ``folder``.

    Masks are eight-bit PNGs of 0 and 255.
    """
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    Image.fromarray(image.pixels).save(folder / "images" / name)
    masks = {"lesion": image.lesion_mask, "text": image.text_mask, "lung": image.lung_mask}
    for kind, mask in masks.items():
        path = folder / "masks" / f"{Path(name).stem}_{kind}.png"
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path)
