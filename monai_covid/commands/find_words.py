"""``monai-covid find-words``: burnt-in text of image files."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from monai_covid.data.manifest import read_manifest
from monai_covid.errors import OptionError
from monai_covid.inference.dataset import datalist_of
from monai_covid.words import TextFinder
from monai_covid.words.folder import WordsFolder
from monai_covid.words.grey import WORKING_SIDE


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
