"""Processing all studies in a folder, one graph run for each."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from monai.deploy.core import Application

from inputs import Inputs, find_studies
from logs import OWN_LOGGER, keep_patient_data_out
from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import check_writable
from monai_covid.dicom.study import StudyError
from monai_covid.errors import USER_ERRORS, OptionError
from monai_covid.inference.study import StudyPipeline
from pipeline import load_pipeline
from processor import GraphProcessor
from study_key import StudyKey
from summary import SUMMARY_FILE, ExitStatus, StudyRecord, exit_status, write_summary

logger = logging.getLogger(f"{OWN_LOGGER}.deploy")


def run(arguments: list[str]) -> ExitStatus:
    """Run the application.

    Args:
        arguments: The program and its options, as the SDK parses them.

    Raises:
        SystemExit: With status 2 after options that the SDK does not accept.
    """
    context = Application.init_app_context(arguments)
    keep_patient_data_out(context.args.get("log_level"))
    logger.info(RESEARCH_USE_ONLY)
    output = Path(context.output_path)
    try:
        source = _existing(Path(context.input_path))
        check_writable(output)
        pipeline = load_pipeline(Path(context.model_path))
    except USER_ERRORS as error:
        logger.error("%s", error)
        return ExitStatus.WRONG_USAGE
    return process_folder(source, output, pipeline)


def process_folder(source: Path, output: Path, pipeline: StudyPipeline) -> ExitStatus:
    """Process the studies in ``source`` one by one; results and a summary go to ``output``."""
    inputs = find_studies(source)
    processor = GraphProcessor(pipeline)
    records = [
        _process(key, files, processor, output / key.name) for key, files in inputs.studies.items()
    ]
    write_summary(output, records, inputs.refused)
    return _report(records, inputs, output)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise OptionError(f"{path}: there is no such input folder (option -i)")
    return path


def _process(
    key: StudyKey, files: list[Path], processor: GraphProcessor, folder: Path
) -> StudyRecord:
    try:
        results, refusals = processor(files, folder)
    except StudyError as error:
        return StudyRecord(key.name, len(files), error=str(error))
    # Whatever one study does to the program, the others still get their results.
    except Exception as error:
        # Without the message, which may hold values of the data.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.debug("study %s: %s at\n%s", key.name, type(error).__name__, frames)
        return StudyRecord(key.name, len(files), error=_without_message(error))
    uids = tuple(str(result.SOPInstanceUID) for result in results)
    failed = [one.reason for one in refusals if one.failed]
    error = "; ".join(dict.fromkeys(failed)) or None
    return StudyRecord(key.name, len(files), uids, refusals, error)


def _without_message(error: Exception) -> str:
    """Return type and place of ``error``."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"


def _report(records: list[StudyRecord], inputs: Inputs, output: Path) -> ExitStatus:
    for record in records:
        logger.info(
            "study %s: %d results, %d refused",
            record.name,
            len(record.results),
            len(record.refusals),
        )
        for refusal in record.refusals:
            logger.info("study %s: not processed: %s", record.name, refusal.reason)
        if record.error is not None:
            logger.error("study %s: failed: %s", record.name, record.error)
    for file in inputs.refused:
        logger.info("file %s: not processed: %s", file.sha256[:16] or "unreadable", file.reason)
    status = exit_status(records)
    logger.info("%s: see %s", status.name.lower().replace("_", " "), output / SUMMARY_FILE)
    return status
