"""The command line ``monai-covid``.

How threads of a computation wait for each other.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.errors import or_exit

SPINS = "20000"
"""Turns, a tenth of a millisecond or so; by default libgomp takes 300,000."""

_CHOICES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def limit_openmp_spin() -> bool:
    """Let threads that wait for others sleep soon instead of keeping a processor busy.

    Where other programs want the processors too, threads otherwise burn the time that those they
    wait for need: with three busy programs on two processors a study took three times as long, with
    more of them ten times. On a quiet machine it costs a few per cent. libgomp, which PyTorch
    computes with on Linux, reads its settings when it is loaded, so this has to come before
    ``import torch``. What the user has chosen by ``GOMP_SPINCOUNT`` or ``OMP_WAIT_POLICY`` stays.

    Returns:
        Whether it was chosen here.
    """
    if any(name in os.environ for name in _CHOICES):
        return False
    os.environ["GOMP_SPINCOUNT"] = SPINS
    return True


COMMANDS = {
    "phantom": "make synthetic radiographs with ground truth",
    "check-data": "check a data set and say what is in it",
    "predict": "classes of PNG, JPEG, DICOM and NIfTI files, or why there are none",
    "explain": "heatmaps of PNG, JPEG, DICOM and NIfTI files",
    "listen": "receive chest radiographs over DICOM and send results back",
    "evaluate": "metrics with intervals of a predictions CSV",
    "calibrate": "fit temperature and thresholds on validation images, store them with the model",
    "shrink": "a smaller model file that gives the same answers",
    "model-card": "what a model is, was trained on and reaches, as one page",
    "audit": "attempts to prove a model or a collection wrong, as one report",
    "find-text": "burnt-in text of image files: masks and what it says",
    "benchmark-explanations": "explanation methods put to the test on networks and images",
    "train-all": "train stage 2 and all folds of stage 3; call again to go on",
    "results": "pages with tables, figures and plain words from stored studies",
    "study": "arms that differ in one thing, over seeds and folds; call again to go on",
    "demo": "both stages on synthetic radiographs, in minutes",
}
"""What each command does; its options are those of the module of its name."""

ALIASES = {"find-words": "find-text"}
"""Names of earlier versions."""

Command = Callable[[argparse.Namespace], int]


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for ``arguments``.

    Only the modules of commands that are named are imported: some take seconds.
    """
    parser = argparse.ArgumentParser(
        prog="monai-covid",
        description=f"Twice transfer learning for chest X-rays. {RESEARCH_USE_ONLY}",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    old = {new: [alias] for alias, new in ALIASES.items()}
    for name, summary in COMMANDS.items():
        aliases = old.get(name, [])
        command = commands.add_parser(name, help=summary, description=summary, aliases=aliases)
        if {name, *aliases} & set(arguments):
            module = importlib.import_module(f"monai_covid.cli.{name.replace('-', '_')}")
            module.add_options(command)
            command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 after success, 1 after an error of the input, 3 if time ran out before the end, 130
        after Ctrl-C.
    """
    limit_openmp_spin()
    arguments = sys.argv[1:] if arguments is None else arguments
    options = build_parser(arguments).parse_args(arguments)
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
