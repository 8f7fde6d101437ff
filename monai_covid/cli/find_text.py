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

from monai_covid.data.files import atomic_path, check_writable, write_text
from monai_covid.data.image_formats import without_suffix
from monai_covid.data.images import datalist_of, read_image
from monai_covid.data.manifest import read_manifest
from monai_covid.errors import ImageReadError, InputError, OptionError, Problem, RunFolderError
from monai_covid.preprocessing.text.boxes import TextBox, text_mask
from monai_covid.preprocessing.text.finder import WORKING_SIDE, TextFinder

logger = logging.getLogger(__name__)

TABLE = "words.csv"
CORNERS = tuple(f"{axis}{number}" for number in range(4) for axis in "xy")
HEADS = ("image", "text", "score", *CORNERS, "mask", "error")


class WordsFolder:
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
        table = self.output_dir / TABLE
        if table.exists() and not self.overwrite:
            raise RunFolderError(
                f"{table}: exists already; replace it with --overwrite or write to another folder"
            )
        check_writable(self.output_dir)

    def start(self) -> None:
        """Begin a table, and remove the masks that the table of an earlier call names."""
        table = self.output_dir / TABLE
        earlier: set[str] = set()
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as stream:
                earlier = {row.get("mask") or "" for row in csv.DictReader(stream)}
        write_text(table, _line(HEADS))
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
    parser.add_argument(
        "images",
        type=Path,
        nargs="+",
        help="PNG, JPEG, DICOM or NIfTI files, folders of them, and manifests (.csv)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for masks and words.csv")
    parser.add_argument(
        "--side",
        type=int,
        default=WORKING_SIDE,
        help=f"short side in pixels to which images are scaled for the search ({WORKING_SIDE})",
    )
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use (1)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier masks")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    """Find the text; 1 if some images could not be read."""
    for name, least in (("side", 64), ("threads", 1)):
        if getattr(options, name) < least:
            raise OptionError(f"--{name} is {getattr(options, name)}; it must be at least {least}")
    paths = _paths(options.images)
    folder = WordsFolder(options.out, paths, overwrite=options.overwrite)
    folder.check()
    finder = TextFinder(options.side, options.threads)
    folder.start()
    for path in tqdm(paths, desc="Words", unit="image", disable=options.quiet):
        folder.add(path, finder)
    folder.finish()
    return 1 if folder.failed else 0


def _paths(given: list[Path]) -> list[str]:
    manifests = [path for path in given if path.suffix.lower() == ".csv"]
    others = [path for path in given if path not in manifests]
    found = [str(path) for manifest in manifests for path in read_manifest(manifest).paths]
    found += [item["image"] for item in datalist_of(others)] if others else []
    return list(dict.fromkeys(found))
