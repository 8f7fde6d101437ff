"""The SDK's loader, reading files more carefully."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import OperatorSpec
from monai.deploy.core.domain import DICOMSeries, DICOMStudy
from monai.deploy.operators import DICOMDataLoaderOperator
from pydicom.dataset import Dataset

from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.study import Refusal
from monai_covid.errors import ImageReadError
from study_key import NO_STUDY


class StudyLoaderOperator(DICOMDataLoaderOperator):
    """Loads the DICOM files of one study.

    The SDK's own reading stops at the first damaged file that is not plainly "not DICOM", mixes
    studies that share a series UID, believes lengths that a file states, and drops all but one
    image of a series whose images have the same Image Position (Patient). This one refuses files
    that it cannot read, one by one, and drops nothing.

    Datasets and refusals of linked files tell the file that the link leads to. Attributes of series
    are not copied: the selector looks them up in the instances.

    Named input:
        input_folder: As for the SDK's loader; the option ``input_folder`` stands in for it.

    Named output:
        dicom_study_list: ``list[DICOMStudy]``.
        refusals: ``tuple[Refusal, ...]``, files that cannot be read or tell no study.
    """

    REFUSALS = "refusals"

    def setup(self, spec: OperatorSpec) -> None:
        """Define the ports."""
        super().setup(spec)
        spec.output(self.REFUSALS)

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Load the folder."""
        self._refusals: list[Refusal] = []
        super().compute(op_input, op_output, context)
        op_output.emit(tuple(self._refusals), self.REFUSALS)

    def load_data_to_studies(self, input_path: Path) -> list[DICOMStudy]:
        """Return the studies in the folder ``input_path``."""
        studies: dict[str, DICOMStudy] = {}
        series: dict[tuple[str, str], DICOMSeries] = {}
        for dataset in self._readable(input_path):
            study, one = _uid(dataset, "StudyInstanceUID"), _uid(dataset, "SeriesInstanceUID")
            if (study, one) not in series:
                series[study, one] = DICOMSeries(one)
                studies.setdefault(study, DICOMStudy(study)).add_series(series[study, one])
            series[study, one].add_sop_instance(dataset)
        return list(studies.values())

    def _readable(self, folder: Path) -> list[Dataset]:
        datasets = []
        for entry in sorted(folder.iterdir()):
            file = entry.readlink() if entry.is_symlink() else entry
            try:
                dataset = read_header(file)
            except ImageReadError as error:
                self._refusals.append(Refusal("", str(error).removeprefix(f"{file}: "), file))
                continue
            if _uid(dataset, "StudyInstanceUID"):
                datasets.append(dataset)
            else:
                self._refusals.append(Refusal(_uid(dataset, "SOPInstanceUID"), NO_STUDY, file))
        return datasets


def _uid(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()
