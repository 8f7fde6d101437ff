"""The operator graph as a processor of studies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graph import StudyGraph
from links import linked
from monai_covid.dicom.study import StudyOutcome
from monai_covid.inference.study import StudyPipeline


class GraphProcessor:
    """Runs the graph on the files of one study after the other; the network stays loaded.

    A `monai_covid.dicom.study.StudyProcessor`.
    """

    def __init__(self, pipeline: StudyPipeline) -> None:
        """Give all graphs ``pipeline``."""
        self._pipeline = pipeline

    def __call__(self, files: Sequence[Path], output_folder: Path | None = None) -> StudyOutcome:
        """Process the files of one study of one patient.

        Args:
            files: DICOM files.
            output_folder: Where to write the results; None: nowhere.

        Raises:
            StudyError: If they belong to several studies or patients.
        """
        with linked(files) as folder:
            graph = StudyGraph(self._pipeline, folder, output_folder)
            graph.run()
        return graph.outcome
