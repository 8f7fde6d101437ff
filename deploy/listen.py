"""``monai-covid listen`` with the operator graph as the processor of studies.

Options, behaviour and status pages are those of ``monai-covid listen``; the option ``--model`` also
takes a bundle folder. Research use only.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from model_file import find_model
from monai_covid import RESEARCH_USE_ONLY
from monai_covid.commands.listen import MODEL, add_options
from monai_covid.dicom.kinds import chosen_kinds
from monai_covid.dicom.study import StudyProcessor
from monai_covid.errors import or_exit
from monai_covid.pacs.extras import check_extras
from monai_covid.pacs.options import settings_of
from monai_covid.pacs.run import run_when_loaded
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
    settings = settings_of(options, also=("model", "device", "results"))
    model = find_model(Path(options.model or MODEL))
    kinds = chosen_kinds(options.results)
    raise_stack_limit()

    def load() -> StudyProcessor:
        # Only now: bad options are told without the seconds that holoscan and torch take.
        from logs import silence_holoscan  # noqa: PLC0415
        from pipeline import load_pipeline  # noqa: PLC0415
        from processor import GraphProcessor  # noqa: PLC0415

        silence_holoscan()
        return GraphProcessor(load_pipeline(model, options.device, kinds))

    with model.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    about = {"model": model.name, "sha256": digest, "processor": "MONAI Deploy operator graph"}
    return run_when_loaded(settings, load, about)


if __name__ == "__main__":
    sys.exit(main())
