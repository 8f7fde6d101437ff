"""``monai-covid listen``: the model as a DICOM service.

What could not be processed is in the folder ``quarantine`` of the spool: a folder for each study
with its images, and the reasons in ``reason.json``. To try one again, move its folder, also while
the service runs: ``mv SPOOL/quarantine/JOB SPOOL/processing/``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_model, add_shared
from monai_covid.dicom.service.options import add_service_options
from monai_covid.dicom.service.processing import add_results, service_options
from monai_covid.dicom.service.run import check_extras, check_system, run_when_loaded
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import OptionError
from monai_covid.models.default_model import default_model, find_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    # None where the YAML file may set it.
    add_model(parser, default=None)
    add_shared(parser, "device")
    add_shared(parser, "keep-unsuitable", default=None)
    add_results(parser)
    add_service_options(parser)
    parser.epilog = "To try a quarantined study again: mv SPOOL/quarantine/JOB SPOOL/processing/"


def run(options: argparse.Namespace) -> int:
    """Run the service until it is told to stop."""
    check_system()
    check_extras()
    chosen = service_options(options, _model)

    def load() -> StudyProcessor:
        # Only now: torch takes seconds, and bad options are told without it.
        from monai_covid.inference.prefetch import PrefetchingPipeline  # noqa: PLC0415
        from monai_covid.inference.study import StudyPipeline  # noqa: PLC0415
        from monai_covid.models.device import choose_device, keep_small_blocks  # noqa: PLC0415

        keep_small_blocks()
        device = choose_device(chosen.device)
        return PrefetchingPipeline(
            StudyPipeline(
                chosen.model,
                device,
                chosen.kinds,
                keep_unsuitable=chosen.keep_unsuitable,
                trust_photometric=chosen.settings.trust_photometric,
            )
        )

    return run_when_loaded(chosen.settings, load, chosen.about)


def _model(path: Path | None) -> Path:
    model = path or default_model()
    if model.is_dir():
        return find_model(model)
    if not model.is_file():
        raise OptionError(f"--model is {model}, which is not a file; give a trained model")
    return model
