"""Which images of the selected series are processed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec
from monai.deploy.core.domain import DICOMSeries, DICOMStudy, StudySelectedSeries
from pydicom.dataset import Dataset

from monai_covid.dicom.study import Refusal, StudyError
from monai_covid.inference.study import StudyPipeline
from study_key import study_key


class InstanceOperator(Operator):
    """Takes the instances of all selected series and keeps those that can be processed.

    Named input:
        dicom_study_list: ``list[DICOMStudy]``, everything that was loaded.
        study_selected_series_list: ``list[StudySelectedSeries]``, what the selector chose of it.
        unreadable: ``tuple[Refusal, ...]`` of the loader.

    Named output:
        images: ``tuple[EligibleImage, ...]``.
        refusals: ``tuple[Refusal, ...]``: every other instance and file.
    """

    def __init__(self, fragment: Fragment, *args: Any, pipeline: StudyPipeline, **kwargs: Any):
        """Use the method `select` of ``pipeline``."""
        self._pipeline = pipeline
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Define the ports."""
        spec.input("dicom_study_list")
        spec.input("study_selected_series_list")
        spec.input("unreadable")
        spec.output("images")
        spec.output("refusals")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Sort the instances out.

        Raises:
            StudyError: If they belong to several studies or patients.
        """
        studies: list[DICOMStudy] = op_input.receive("dicom_study_list")
        chosen: list[StudySelectedSeries] = op_input.receive("study_selected_series_list")
        unreadable: tuple[Refusal, ...] = op_input.receive("unreadable")
        _check_one_study([each for study in studies for each in _instances(study.get_all_series())])
        selected = [one.series for study in chosen for one in study.selected_series]
        others = [
            series
            for study in studies
            for series in study.get_all_series()
            if series not in selected
        ]
        selection = self._pipeline.select(_instances(selected))
        left_out = (_left_out(dataset) for dataset in _instances(others))
        op_output.emit(selection.images, "images")
        op_output.emit((*unreadable, *left_out, *selection.refusals), "refusals")


def _instances(several: Iterable[DICOMSeries]) -> list[Dataset]:
    return [
        instance.get_native_sop_instance()
        for series in several
        for instance in series.get_sop_instances()
    ]


def _check_one_study(datasets: list[Dataset]) -> None:
    keys = {study_key(dataset) for dataset in datasets}
    if len(keys) > 1:
        raise StudyError(
            f"the {len(datasets)} instances belong to {len(keys)} different studies or patients; "
            "one study of one patient is processed at a time"
        )


def _left_out(dataset: Dataset) -> Refusal:
    uid = str(dataset.get("SOPInstanceUID") or "")
    reason = "its series does not match the rules of the series selector"
    return Refusal(uid, reason, Path(dataset.filename))
