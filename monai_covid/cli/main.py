"""The command line ``monai-covid``: names of the commands, their dispatch and exit codes."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.cli.arguments import OUT_OF_TIME
from monai_covid.errors import or_exit

COMMANDS = {
    "predict": "class probabilities of chest radiographs (PNG, JPEG, DICOM, NIfTI)",
    "explain": "heatmaps of chest radiographs (PNG, JPEG, DICOM, NIfTI)",
    "evaluate": "metrics of predictions with intervals, also joined with labels and by group",
    "audit": "look for what is wrong with a model or a collection of images",
    "listen": "receive chest radiographs from a PACS and send results back (DICOM)",
    "calibrate": "fit temperature and thresholds on validation images, store them with the model",
    "import-weights": "a model file of weights that others trained (TorchXRayVision, CheXNet, …)",
    "shrink": "a smaller model file that gives the same answers",
    "model-card": "what a model is, was trained on and reaches, as one page",
    "find-text": "find and read burnt-in text of images; writes masks and a table",
    "check-data": "check a data set before training and summarise it",
    "merge-data": "one manifest of several collections, with the hospital of each image",
    "train-all": "train stage 2 and all folds of stage 3; call again to continue",
    "linear-probe": "a linear head on a frozen network as a model, tested on what is held out",
    "study": "compare training variants over seeds and folds; call again to continue",
    "results": "pages with tables and figures of finished studies",
    "benchmark-explanations": "test explanation methods on networks and images",
    "phantom": "make synthetic radiographs with ground truth",
    "demo": "train both stages on synthetic radiographs, in minutes",
}
"""What each command does; its options are those of the module of its name."""

ALIASES = {"find-words": "find-text"}
"""Names of the last version, which still work."""

EXIT_CODES = f"""\
exit codes:
  0    everything was done
  1    an input or option cannot be used, or some images could not be read
  2    the command line is not understood
  {OUT_OF_TIME}    --minutes are over; the same command continues
  130  stopped with Ctrl-C

monai-covid COMMAND --help shows the options of a command.
"""
INTERRUPTED = 130

SPINS = "20000"
"""Turns, a tenth of a millisecond or so; by default libgomp takes 300,000."""

_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")

_READING_LIBRARIES = ("pydicom", "PIL", "nibabel", "openjpeg", "pylibjpeg")

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code, see :data:`EXIT_CODES`.

    Raises:
        SystemExit: With the message, for exit codes 1 and 2.
    """
    limit_openmp_spin()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        arguments = _with_new_name(sys.argv[1:] if arguments is None else arguments)
        options = build_parser(arguments).parse_args(arguments)
        run: Command = options.run
        keep_libraries_quiet()
        return or_exit(run, options)
    except BrokenPipeError:
        # Whoever reads the output, such as head, has seen enough. Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {_said(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def keep_libraries_quiet() -> None:
    """Keep what libraries say of damaged files off the console.

    The refusal of a file says in one line, with its tag, what they say in warnings and tracebacks.
    """
    warnings.filterwarnings("ignore", module=rf"({'|'.join(_READING_LIBRARIES)})\b")
    for name in _READING_LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for ``arguments``.

    Only the modules of commands that are named are imported: some take seconds.
    """
    parser = argparse.ArgumentParser(
        prog="monai-covid",
        description=f"Twice transfer learning for chest X-rays. {RESEARCH_USE_ONLY}",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}. {RESEARCH_USE_ONLY}"
        command = commands.add_parser(name, help=summary, description=description)
        if name in arguments:
            module = importlib.import_module(f"monai_covid.cli.{name.replace('-', '_')}")
            module.add_options(command)
            command.set_defaults(run=module.run)
    return parser


def limit_openmp_spin() -> bool:
    """Let threads that wait for others sleep soon instead of keeping a CPU core busy.

    Where other programs want the cores too, threads otherwise burn the time that those they wait
    for need: with three busy programs on two cores a study took three times as long, with more of
    them ten times. On a quiet machine it costs a few per cent. libgomp, which PyTorch computes with
    on Linux, reads its settings when it is loaded, so this has to come before ``import torch``.
    What the user has chosen by ``GOMP_SPINCOUNT`` or ``OMP_WAIT_POLICY`` stays.

    Returns:
        Whether it was chosen here.
    """
    if any(name in os.environ for name in _SPIN_SETTINGS):
        return False
    os.environ["GOMP_SPINCOUNT"] = SPINS
    return True


def _with_new_name(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with today's name of the command; warn of an old one."""
    if not arguments or arguments[0] not in ALIASES:
        return list(arguments)
    old, *others = arguments
    print(f"warning: {old} is now {ALIASES[old]}", file=sys.stderr)
    return [ALIASES[old], *others]


def _said(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"
