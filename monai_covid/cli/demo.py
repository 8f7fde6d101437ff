"""``monai-covid demo``: both stages on synthetic radiographs, in minutes."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_shared
from monai_covid.lab.demo import DemoSize, run_demo


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    usual = DemoSize()
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to make (demo)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier demo")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    for name, value in usual._asdict().items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=value, help=f"({value})"
        )
    add_shared(parser, "bundle")


def run(options: argparse.Namespace) -> int:
    """Run the demo and say where to look."""
    size = DemoSize(**{name: getattr(options, name) for name in DemoSize._fields})
    page = run_demo(
        options.bundle,
        options.out,
        size,
        overwrite=options.overwrite,
        progress=not options.quiet,
    )
    print(f"\nOpen {page}")
    return 0
