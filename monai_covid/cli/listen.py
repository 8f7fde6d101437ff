"""``monai-covid listen``: the model as a DICOM service.

What could not be processed is in the folder ``quarantine`` of the spool: a folder for each study
with its images, and the reasons in ``reason.json``. To try one again, move its folder, also while
the service runs: ``mv SPOOL/quarantine/JOB SPOOL/processing/``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from monai_covid.cli.arguments import add_model, add_shared
from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds
from monai_covid.dicom.service.options import add_service_options, settings_of
from monai_covid.dicom.service.run import check_extras, run_when_loaded
from monai_covid.dicom.service.settings import Settings
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import OptionError
from monai_covid.models.default_model import default_model
from monai_covid.models.device import disable_malloc_trim


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    # None where the YAML file may set it.
    add_model(parser, default=None)
    add_shared(parser, "device")
    add_shared(parser, "keep-unsuitable", default=None)
    parser.add_argument(
        "--results",
        metavar="KINDS",
        help=f"which results are made: {','.join(RESULT_KINDS)} (all of them)",
    )
    add_service_options(parser)
    parser.epilog = "To try a quarantined study again: mv SPOOL/quarantine/JOB SPOOL/processing/"


class ServiceOptions(NamedTuple):
    """What the options ask for.

    Attributes:
        settings: The settings of the service.
        model: The model file.
        device: Where to compute; None: on a GPU if there is one.
        kinds: Which results are made.
        keep_unsuitable: Whether images that do not look like a chest are processed.
    """

    settings: Settings
    model: Path
    device: str | None
    kinds: tuple[str, ...]
    keep_unsuitable: bool

    @property
    def about(self) -> dict[str, str]:
        """Name and SHA-256 of the model file, as the status page shows them."""
        with self.model.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"model": self.model.name, "sha256": digest}


def run(options: argparse.Namespace) -> int:
    """Run the service until it is told to stop."""
    check_extras()
    wanted = service_options(options, _model)

    def load() -> StudyProcessor:
        # Only now: torch takes seconds, and bad options are told without it.
        from monai_covid.inference.ahead import PrefetchingPipeline  # noqa: PLC0415
        from monai_covid.inference.study import StudyPipeline  # noqa: PLC0415
        from monai_covid.models.device import choose_device  # noqa: PLC0415

        disable_malloc_trim()
        device = choose_device(wanted.device)
        return PrefetchingPipeline(
            StudyPipeline(
                wanted.model, device, wanted.kinds, keep_unsuitable=wanted.keep_unsuitable
            )
        )

    return run_when_loaded(wanted.settings, load, wanted.about)


def service_options(
    options: argparse.Namespace, find: Callable[[Path | None], Path]
) -> ServiceOptions:
    """Return what the options of :func:`add_options` and their YAML file ask for.

    Args:
        options: Parsed options.
        find: Returns the model file that ``--model`` means; None if it is not given.

    Raises:
        OptionError: An option is unknown, missing or has an unusable value.
    """
    settings = settings_of(options, also=("model", "device", "results", "keep_unsuitable"))
    keep_unsuitable = options.keep_unsuitable or False
    if not isinstance(keep_unsuitable, bool):
        raise OptionError(f"keep-unsuitable is {keep_unsuitable!r}; give true or false")
    model = find(None if options.model is None else Path(options.model))
    return ServiceOptions(
        settings, model, options.device, chosen_kinds(options.results), keep_unsuitable
    )


def _model(path: Path | None) -> Path:
    model = path or default_model()
    if not model.is_file():
        raise OptionError(f"--model is {model}, which is not a file; give a trained model")
    return model
