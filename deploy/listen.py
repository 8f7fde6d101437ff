"""``monai-covid listen`` with the operator graph as the processor of studies.

Options, behaviour and status pages are those of ``monai-covid listen``; the option ``--model`` also
takes a bundle folder. Research use only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.listen import add_options
from monai_covid.dicom.service.processing import service_options
from monai_covid.dicom.service.run import check_extras, run_when_loaded
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import or_exit
from monai_covid.models.default_model import default_model, find_model
from stack_limit import raise_stack_limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service on the ``arguments`` of the command line until it is told to stop."""
    parser = argparse.ArgumentParser(
        description=f"Receive chest radiographs over DICOM and answer them. {RESEARCH_USE_ONLY}"
    )
    add_options(parser)
    return or_exit(run, parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run the service with ``options``."""
    check_extras()
    chosen = service_options(options, lambda path: find_model(path or default_model()))
    raise_stack_limit()

    def load() -> StudyProcessor:
        # Only now: bad options are told without the seconds that holoscan and torch take.
        from logs import silence_holoscan  # noqa: PLC0415
        from monai_covid.models.device import keep_small_blocks  # noqa: PLC0415
        from pipeline import load_pipeline  # noqa: PLC0415
        from processor import GraphProcessor  # noqa: PLC0415

        silence_holoscan()
        keep_small_blocks()
        return GraphProcessor(
            load_pipeline(
                chosen.model,
                chosen.device,
                chosen.kinds,
                keep_unsuitable=chosen.keep_unsuitable,
                trust_photometric=chosen.settings.trust_photometric,
            )
        )

    about = {**chosen.about, "processor": "MONAI Deploy operator graph"}
    return run_when_loaded(chosen.settings, load, about)


if __name__ == "__main__":
    sys.exit(main())
