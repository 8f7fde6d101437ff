"""The operator graph that processes one study of one patient."""

from __future__ import annotations

import json
from pathlib import Path

from monai.deploy.conditions import CountCondition
from monai.deploy.core import Application
from monai.deploy.operators import DICOMSeriesSelectorOperator

from monai_covid.dicom.study import StudyOutcome
from monai_covid.inference.study import StudyPipeline
from operators.hand_over_operator import HandOverOperator
from operators.inference_operator import InferenceOperator
from operators.instance_operator import InstanceOperator
from operators.result_writer_operator import ResultWriterOperator
from operators.store_operator import StoreOperator
from operators.study_loader_operator import StudyLoaderOperator

SERIES_RULES = json.dumps(
    {"selections": [{"name": "every series", "conditions": {"StudyInstanceUID": "."}}]}
)
"""Rules of the series selector.

Which images are processed is decided for each one, with a reason for every refusal; a rule for
whole series would judge them by their first image alone. A site can be stricter here.
"""


class StudyGraph(Application):
    """loader → series selector → instances → inference → result writer → store, hand over.

    An object runs once; another study needs another one, which takes some milliseconds. Errors that
    operators raise come out of `run` as they are.
    """

    def __init__(
        self, pipeline: StudyPipeline, input_folder: Path, output_folder: Path | None = None
    ) -> None:
        """Prepare the graph.

        Args:
            pipeline: What does the work; it can serve one graph after the other.
            input_folder: The DICOM files of one study of one patient.
            output_folder: Where to write the results; None: nowhere.
        """
        self._pipeline = pipeline
        self._input_folder = input_folder
        self._output_folder = output_folder
        self._outcomes: list[StudyOutcome] = []
        super().__init__()

    @property
    def outcome(self) -> StudyOutcome:
        """What became of the study, after `run`."""
        (outcome,) = self._outcomes
        return outcome

    def compose(self) -> None:
        """Connect the operators."""
        loader = StudyLoaderOperator(
            self,
            CountCondition(self, 1),
            input_folder=self._input_folder,
            must_load=False,
            name="loader",
        )
        selector = DICOMSeriesSelectorOperator(
            self, rules=SERIES_RULES, all_matched=True, name="series_selector"
        )
        instances = InstanceOperator(self, pipeline=self._pipeline, name="instances")
        inference = InferenceOperator(self, pipeline=self._pipeline, name="inference")
        writer = ResultWriterOperator(self, pipeline=self._pipeline, name="result_writer")
        hand_over = HandOverOperator(self, receive=self._outcomes.append, name="hand_over")

        series = "study_selected_series_list"
        self.add_flow(loader, selector, {("dicom_study_list", "dicom_study_list")})
        self.add_flow(
            loader,
            instances,
            {("dicom_study_list", "dicom_study_list"), ("refusals", "unreadable")},
        )
        self.add_flow(selector, instances, {(series, series)})
        self.add_flow(instances, inference, {("images", "images")})
        self.add_flow(instances, writer, {("refusals", "refusals")})
        self.add_flow(inference, writer, {("findings", "findings"), ("failed", "failed")})
        if self._output_folder is not None:
            store = StoreOperator(self, folder=self._output_folder, name="store")
            self.add_flow(writer, store, {("outcome", "outcome")})
        self.add_flow(writer, hand_over, {("outcome", "outcome")})
