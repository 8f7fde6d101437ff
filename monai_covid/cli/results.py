"""``monai-covid results``: pages with tables, figures and plain words from stored studies."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_out
from monai_covid.lab.studies.pages.folder import write_results


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "studies", type=Path, nargs="+", metavar="STUDY", help="study.json files of studies"
    )
    default = Path("docs/results")
    add_out(parser, f"folder for the pages ({default})", required=False, default=default)


def run(options: argparse.Namespace) -> int:
    """Write the pages and print where they are."""
    for page in write_results(options.studies, options.out, overwrite=options.overwrite):
        print(page)
    return 0
