"""What the commands' options share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

OUT_OF_TIME = 3
"""Exit status where time ran out before the end."""

Subparsers = argparse._SubParsersAction  # argparse offers no public name for this type


def add_command(
    commands: Subparsers[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    """Add a command that calls ``run``."""
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the bundle."""
    default = Path("bundle")
    parser.add_argument(
        "--bundle", type=Path, default=default, help="folder of the bundle (bundle)"
    )
