"""``monai-covid find-text``: burnt-in text of image files.

A folder of text masks with a table of what was read.
"""

from __future__ import annotations

import argparse
import csv
import io
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from monai_covid.cli.arguments import (
    IMAGE_FILES,
    add_images,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.files import atomic_path, check_writable, write_text
from monai_covid.data.image_formats import without_suffix
from monai_covid.data.images import datalist_of, read_image
from monai_covid.errors import ImageReadError, InputError, Problem, RunFolderError
from monai_covid.preprocessing.text.boxes import TextBox, text_mask
from monai_covid.preprocessing.text.finder import WORKING_SIDE, TextFinder

logger = logging.getLogger(__name__)

TABLE = "text.csv"
OLD_TABLE = "words.csv"
"""Name of the table in the last version; an earlier search is replaced under this name too."""

CORNERS = tuple(f"{axis}{number}" for number in range(4) for axis in "xy")
HEADS = ("image", "text", "score", *CORNERS, "mask", "error")


class TextFolder:
    """Writes a mask of the text on each image, and one row for each text.

    Masks are ``STEM_text.png``, 255 on text, in the size of the image.

    Args:
        output_dir: Folder to fill.
        paths: The images.
        overwrite: Whether earlier masks may be replaced.
    """

    def __init__(
        self, output_dir: Path | str, paths: Sequence[Path | str], *, overwrite: bool = False
    ) -> None:
        """Note what to do."""
        self.output_dir = Path(output_dir)
        self.paths = [str(path) for path in paths]
        self.overwrite = overwrite
        self.done = self.failed = self.texts = 0

    def check(self) -> None:
        """Make sure that the folder may be written to.

        Raises:
            InputError: If two images would have the same mask.
            RunFolderError: If the folder holds the images, or masks that may not be replaced.
        """
        counts = Counter(map(_mask_name, self.paths))
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            message = "would be the mask of several images; rename them or search them apart"
            raise InputError([Problem(self.output_dir / name, None, message) for name in twice])
        within = self.output_dir.resolve()
        inside = [path for path in self.paths if Path(path).resolve().is_relative_to(within)]
        if inside:
            raise RunFolderError(
                f"{self.output_dir}: holds images that are to be searched, such as {inside[0]}; "
                "write to a folder outside of them"
            )
        for table in self._tables():
            if not self.overwrite:
                raise RunFolderError(
                    f"{table}: exists already; replace it with --overwrite or write to another "
                    "folder"
                )
        check_writable(self.output_dir)

    def start(self) -> None:
        """Begin a table, and remove the masks that the table of an earlier call names."""
        earlier: set[str] = set()
        for table in self._tables():
            with table.open(encoding="utf-8", newline="") as stream:
                earlier |= {row.get("mask") or "" for row in csv.DictReader(stream)}
        write_text(self.output_dir / TABLE, _line(HEADS))
        (self.output_dir / OLD_TABLE).unlink(missing_ok=True)
        for name in earlier - {""}:
            if Path(name).name == name:
                (self.output_dir / name).unlink(missing_ok=True)

    def add(self, path: str, finder: TextFinder) -> None:
        """Search one image; an unreadable one gets a row with the reason."""
        try:
            pixels = read_image(path)
        except ImageReadError as error:
            logger.warning("%s", error)
            self.failed += 1
            self._append([[path, *[""] * (len(HEADS) - 2), str(error)]])
            return
        boxes = finder.find(pixels)
        name = _mask_name(path)
        _save_mask(self.output_dir / name, text_mask(boxes, (pixels.shape[0], pixels.shape[1])))
        blank = [path, *[""] * (len(HEADS) - 3), name, ""]
        self._append([_row(path, box, name) for box in boxes] or [blank])
        self.texts += len(boxes)

    def finish(self) -> None:
        """Say what was done."""
        counts = (self.done, self.failed, self.texts)
        logger.info(
            "%d images, %d of them unreadable, %d texts: %s", *counts, self.output_dir / TABLE
        )

    def _tables(self) -> list[Path]:
        tables = [self.output_dir / name for name in (TABLE, OLD_TABLE)]
        return [table for table in tables if table.is_file()]

    def _append(self, rows: Sequence[Sequence[str]]) -> None:
        # Image by image, so that the table says what is there whenever the work is interrupted.
        with (self.output_dir / TABLE).open("a", encoding="utf-8", newline="") as stream:
            stream.write("".join(map(_line, rows)))
        self.done += 1


def _mask_name(path: str) -> str:
    return f"{without_suffix(Path(path).name)}_text.png"


def _row(path: str, box: TextBox, mask: str) -> list[str]:
    corners = [f"{value:.1f}" for value in box.corners.ravel()]
    return [path, box.text, f"{box.score:.3f}", *corners, mask, ""]


def _save_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(temporary, format="PNG")


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_images(parser, help=f"{IMAGE_FILES}, and manifests (.csv)")
    add_out(parser, f"folder for masks and {TABLE}")
    parser.add_argument(
        "--side",
        type=int,
        default=WORKING_SIDE,
        help=f"short side in pixels to which images are scaled for the search ({WORKING_SIDE})",
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU cores to use (1)")
    add_shared(parser, "quiet")


def run(options: argparse.Namespace) -> int:
    """Find the text; 1 if some images could not be read."""
    check_numbers(options, side=64, threads=1)
    paths = _paths(options.images)
    folder = TextFolder(options.out, paths, overwrite=options.overwrite)
    folder.check()
    finder = TextFinder(options.side, options.threads)
    folder.start()
    for path in tqdm(paths, desc="Burnt-in text", unit="image", disable=options.quiet):
        folder.add(path, finder)
    folder.finish()
    return 1 if folder.failed else 0


def _paths(given: list[Path]) -> list[str]:
    manifests = [path for path in given if path.suffix.lower() == ".csv"]
    others = [path for path in given if path not in manifests]
    paths = [str(path) for manifest in manifests for path in read_collection(manifest).paths]
    paths += [item["image"] for item in datalist_of(others)] if others else []
    return list(dict.fromkeys(paths))
