"""The command line ``monai-covid``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.commands import check_data, demo, evaluate, phantom, train_all
from monai_covid.errors import or_exit

COMMANDS = (phantom, check_data, evaluate, train_all, demo)

Command = Callable[[argparse.Namespace], int]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="monai-covid",
        description=f"Twice transfer learning for chest X-rays. {RESEARCH_USE_ONLY}",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 after success, 1 after an error of the input, 3 if time ran out before the end, 130
        after Ctrl-C.
    """
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    run: Command = options.run
    try:
        return or_exit(run, options)
    except FileExistsError as error:
        print(f"error: {error}; --overwrite replaces it", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
