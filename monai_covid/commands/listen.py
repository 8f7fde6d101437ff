"""``monai-covid listen``: the model as a DICOM service.

What could not be processed is in the folder ``quarantine`` of the spool: a folder for each study
with its images, and the reasons in ``reason.json``. To try one again, move its folder, also while
the service runs: ``mv SPOOL/quarantine/JOB SPOOL/processing/``.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from monai_covid.default_model import MODEL, default_model
from monai_covid.dicom.kinds import RESULT_KINDS, chosen_kinds
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import OptionError
from monai_covid.memory import keep_freed_memory
from monai_covid.pacs.extras import check_extras
from monai_covid.pacs.options import add_service_options, settings_of
from monai_covid.pacs.run import run_when_loaded


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--model", type=Path, help=f"model file ({MODEL})")
    parser.add_argument("--device", help="cpu, cuda:0, …; none: a GPU if there is one")
    parser.add_argument(
        "--results",
        metavar="KINDS",
        help=f"which results are made: {','.join(RESULT_KINDS)} (all of them)",
    )
    parser.add_argument(
        "--keep-unsuitable",
        action="store_true",
        default=None,
        help="process images that do not look like an upright frontal chest too, and say so",
    )
    add_service_options(parser)
    parser.epilog = "To try a quarantined study again: mv SPOOL/quarantine/JOB SPOOL/processing/"


def run(options: argparse.Namespace) -> int:
    """Run the service until it is told to stop."""
    check_extras()
    settings = settings_of(options, also=("model", "device", "results", "keep_unsuitable"))
    model = Path(options.model or default_model())
    if not model.is_file():
        raise OptionError(f"--model is {model}, which is not a file; give a trained model")
    kinds = chosen_kinds(options.results)
    keep_unsuitable = options.keep_unsuitable or False
    if not isinstance(keep_unsuitable, bool):
        raise OptionError(f"keep-unsuitable is {keep_unsuitable!r}; give true or false")

    def load() -> StudyProcessor:
        # Only now: torch takes seconds, and bad options are told without it.
        from monai_covid.inference.ahead import LookingAhead  # noqa: PLC0415
        from monai_covid.inference.study import StudyPipeline  # noqa: PLC0415
        from monai_covid.training import choose_device  # noqa: PLC0415

        keep_freed_memory()
        device = choose_device(options.device)
        return LookingAhead(StudyPipeline(model, device, kinds, keep_unsuitable=keep_unsuitable))

    with model.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return run_when_loaded(settings, load, {"model": model.name, "sha256": digest})
