"""What the commands' options share."""

from __future__ import annotations

import argparse
from pathlib import Path

OUT_OF_TIME = 3
"""Exit status where time ran out before the end."""


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the bundle."""
    default = Path("bundle")
    parser.add_argument(
        "--bundle", type=Path, default=default, help="folder of the bundle (bundle)"
    )
