"""``monai-covid check-data``: whether a data set can be trained on."""

from __future__ import annotations

import argparse

from monai_covid.cli.arguments import add_shared
from monai_covid.data.checks import check_covid, check_nih
from monai_covid.errors import OptionError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_shared(parser, "nih", "covid", "image-dir")
    parser.add_argument(
        "--fast", action="store_true", help="check the tables alone, without opening images"
    )
    add_shared(parser, "quiet")


def run(options: argparse.Namespace) -> int:
    """Check what was named and print a summary of each."""
    if options.nih is None and options.covid is None:
        raise OptionError("name a data set with --nih or --covid")
    deep, progress = not options.fast, not options.quiet
    if options.nih is not None:
        left_out = () if options.covid is None else (options.covid,)
        print(check_nih(options.nih, exclude_manifests=left_out, deep=deep, progress=progress))
    if options.covid is not None:
        print(check_covid(options.covid, image_dir=options.image_dir, deep=deep, progress=progress))
    return 0
