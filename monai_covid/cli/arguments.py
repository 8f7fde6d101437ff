"""Options that several commands have, with one name, one default and one help text each.

A command adds those it needs: ``add_shared(parser, "device", "batch-size")``, and ``add_out``,
``add_images``, ``add_model`` and ``add_heatmap`` where a word depends on the command.
:func:`check_numbers` refuses numbers that are too small.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monai_covid.data.files import check_writable
from monai_covid.dicom.service.settings import help_of
from monai_covid.errors import OptionError
from monai_covid.labels import SHIPPED
from monai_covid.models.default_model import MODEL, default_model

OUT_OF_TIME = 3
"""Exit status where time ran out before the end."""

IMAGE_FILES = "PNG, JPEG, DICOM or NIfTI files, and folders of them"

BATCH_SIZE, SEED, RESAMPLES = 16, 0, 2000

SHARED: dict[str, dict[str, Any]] = {
    "batch-size": {"type": int, "default": BATCH_SIZE, "help": f"images in a batch ({BATCH_SIZE})"},
    "bundle": {"type": Path, "default": Path("bundle"), "help": "folder of the bundle (bundle)"},
    "classes": {
        "help": "label set: YAML file, names divided by commas, or a shipped one "
        f"({', '.join(SHIPPED)}) (what the collection has)"
    },
    "data": {"type": Path, "help": "labelled images: manifest, or folder of metadata.csv"},
    "device": {"help": "cpu, cuda:0, … (a GPU if there is one)"},
    "hold-out-by": {
        "metavar": "COLUMN",
        "help": "hold out one hospital after the other; the column that names them, such as source "
        "(no hospital)",
    },
    "image-dir": {"type": Path, "help": "folder of the manifest's images (that of the manifest)"},
    "keep-unsuitable": {
        "action": "store_true",
        "help": "answer also where the image is not an upright frontal chest radiograph",
    },
    "minutes": {"type": float, "help": "time for this call (until the end)"},
    "nih": {"type": Path, "help": "folder of ChestX-ray14"},
    "overwrite": {"action": "store_true", "help": "replace earlier results in --out"},
    "patient-pattern": {
        "metavar": "REGEX",
        "help": r"tells the patient from an image's name, such as 'person(?P<patient>\d+)_' "
        "(the column patient_id)",
    },
    "quiet": {"action": "store_true", "help": "no progress bars"},
    "readings": {
        "type": Path,
        "metavar": "CSV",
        "help": "findings of readers: image, and columns of classes with 1, 0 or nothing",
    },
    "resamples": {"type": int, "default": RESAMPLES, "help": f"bootstrap resamples ({RESAMPLES})"},
    "seed": {"type": int, "default": SEED, "help": f"seed of everything random ({SEED})"},
    "trust-photometric": {"action": "store_true", "help": help_of("trust_photometric")},
}
"""Arguments of ``add_argument`` by the option's name."""

MINIMUM = {"batch_size": 1, "seed": 0, "resamples": 40}
"""With fewer than 40 resamples a 95 % interval has no end."""


def add_shared(parser: argparse._ActionsContainer, *names: str, **changes: Any) -> None:
    """Add options of :data:`SHARED`.

    Args:
        parser: The command's parser, or a group of it.
        names: Names without dashes in front.
        changes: What differs here, such as ``required=True`` or, where a file may set it too,
            ``default=None``; of all of ``names``.
    """
    for name in names:
        parser.add_argument(f"--{name}", **{**SHARED[name], **changes})


def add_out(
    parser: argparse._ActionsContainer, what: str, *, required: bool = True, **changes: Any
) -> None:
    """Add ``--out`` and ``--overwrite``.

    Args:
        parser: The command's parser.
        what: What is written there, such as ``folder for heatmaps``.
        required: Whether the command needs it.
        changes: Further arguments of ``--out``, such as ``default``.
    """
    parser.add_argument("--out", type=Path, required=required, help=what, **changes)
    add_shared(parser, "overwrite")


def add_images(parser: argparse._ActionsContainer, name: str = "images", **changes: Any) -> None:
    """Add the images: positional, or ``--images`` where they are not what the command is about."""
    parser.add_argument(name, type=Path, nargs="+", **{"help": IMAGE_FILES, **changes})


def add_model(parser: argparse._ActionsContainer, *, several: bool = False, **changes: Any) -> None:
    """Add ``--model``, by default the model that comes with the bundle.

    Args:
        parser: The command's parser.
        several: Whether a list of models is taken.
        changes: What differs here, such as ``default=None``.
    """
    default = default_model()
    usual: dict[str, Any] = {"default": default, "help": f"model file ({MODEL})"}
    if several:
        usual = {"default": [default], "nargs": "+", "help": f"{usual['help']}; several: ensemble"}
    parser.add_argument("--model", type=Path, **{**usual, **changes})


def add_heatmap(parser: argparse._ActionsContainer) -> None:
    """Add what is explained and how: ``--class``, ``--method`` and ``--contrast``."""
    # Only here: this loads torch, and commands without heatmaps need not wait for it.
    from monai_covid.explain.methods import DEFAULT_METHOD, METHODS  # noqa: PLC0415
    from monai_covid.inference.explaining import PREDICTED  # noqa: PLC0415

    parser.add_argument(
        "--class",
        dest="label",
        default=PREDICTED,
        metavar="CLASS",
        help=f"class to explain, such as pneumonia ({PREDICTED}: the most probable one)",
    )
    parser.add_argument(
        "--method",
        choices=list(METHODS),
        default=DEFAULT_METHOD,
        help=f"method of explanation ({DEFAULT_METHOD})",
    )
    parser.add_argument(
        "--contrast",
        action=argparse.BooleanOptionalAction,
        help="explain the class against the others (for mutually exclusive classes)",
    )


def check_out(out: Path, *others: Path, overwrite: bool) -> None:
    """Refuse files of ``--out`` that are there or cannot be written.

    Args:
        out: The file to write.
        others: Files that are written beside it.
        overwrite: Whether they may be replaced.

    Raises:
        OptionError: If one is there and may not be replaced.
        RunFolderError: If the folder cannot be written to.
    """
    for path in (out, *others):
        if path.exists() and not overwrite:
            raise OptionError(f"{path} exists already; replace it with --overwrite")
    check_writable(out.parent)


def check_numbers(options: argparse.Namespace, **minimum: float) -> None:
    """Refuse numbers that are too small.

    Args:
        options: Parsed options; those that are None or not there pass.
        minimum: The smallest values of the command's own options, beside :data:`MINIMUM`.

    Raises:
        OptionError: Naming all of them.
    """
    wrong = [
        f"--{name.replace('_', '-')} is {value}; it must be at least {least}"
        for name, least in {**MINIMUM, **minimum}.items()
        for value in [getattr(options, name, None)]
        if value is not None and not value >= least
    ]
    if wrong:
        raise OptionError("; ".join(wrong))


class OldName(argparse.Action):
    """An option under the name that it had in the last version; it works, with a warning."""

    def __init__(self, option_strings: Sequence[str], dest: str, new: str, **changes: Any) -> None:
        """Note the new name."""
        self.new = new
        # Of a positional argument that is left out, argparse would convert the word SUPPRESS.
        self.convert = (lambda text: text) if option_strings else changes.pop("type", str)
        super().__init__(
            option_strings, dest, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **changes
        )

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Warn, and set the option of the new name."""
        old = option_string or self.dest.upper()
        print(f"warning: {old} is now {self.new}", file=sys.stderr)
        if self.new in parser._option_string_actions:
            parser._option_string_actions[self.new].required = False
        setattr(namespace, self.dest, self.convert(values))


def add_old_name(parser: argparse._ActionsContainer, old: str, new: str, **changes: Any) -> None:
    """Accept ``old`` for the option ``new``, hidden from the help.

    Args:
        parser: The command's parser.
        old: Name of the last version; without dashes: a positional argument.
        new: Name of today, such as ``--model``.
        changes: ``type``, ``nargs`` and the like; a ``dest`` that is not that of ``new``.
    """
    dest = new.lstrip("-").replace("-", "_")
    where = [old] if old.startswith("-") else []
    parser.add_argument(*where, **{"action": OldName, "dest": dest, "new": new, **changes})
