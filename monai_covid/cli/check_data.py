"""``monai-covid check-data``: whether a data set can be trained on."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_old_name, add_shared
from monai_covid.data.checks import check_collection, check_nih
from monai_covid.errors import OptionError
from monai_covid.labels import chosen_labels


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_shared(parser, "nih", "data", "image-dir", "classes", "patient-pattern")
    add_old_name(parser, "--covid", "--data", type=Path)
    parser.add_argument(
        "--fast", action="store_true", help="check the tables alone, without opening images"
    )
    add_shared(parser, "quiet")


def run(options: argparse.Namespace) -> int:
    """Check what was named and print a summary of each."""
    if options.nih is None and options.data is None:
        raise OptionError("name a data set with --nih or --data")
    deep, progress = not options.fast, not options.quiet
    if options.nih is not None:
        left_out = () if options.data is None else (options.data,)
        print(check_nih(options.nih, exclude_manifests=left_out, deep=deep, progress=progress))
    if options.data is not None:
        labels = None if options.classes is None else chosen_labels(options.classes).names
        summary = check_collection(
            options.data,
            options.image_dir,
            deep=deep,
            progress=progress,
            labels=labels,
            patient_pattern=options.patient_pattern,
        )
        print(summary)
    return 0
