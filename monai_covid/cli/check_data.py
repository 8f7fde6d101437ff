"""``monai-covid check-data``: whether a data set can be trained on."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.data.checks import check_covid, check_nih


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--nih", type=Path, help="folder in the ChestX-ray14 layout")
    parser.add_argument("--covid", type=Path, help="manifest CSV, or the folder of metadata.csv")
    parser.add_argument("--image-dir", type=Path, help="folder of the manifest's images")
    parser.add_argument(
        "--fast", action="store_true", help="look at the tables alone, without opening images"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(options: argparse.Namespace) -> int:
    """Check what was named and print a summary of each."""
    if options.nih is None and options.covid is None:
        raise SystemExit("error: name a data set with --nih or --covid")
    deep, progress = not options.fast, not options.quiet
    if options.nih is not None:
        left_out = () if options.covid is None else (options.covid,)
        print(check_nih(options.nih, exclude_manifests=left_out, deep=deep, progress=progress))
    if options.covid is not None:
        print(check_covid(options.covid, image_dir=options.image_dir, deep=deep, progress=progress))
    return 0
