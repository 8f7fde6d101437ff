"""Findings as DICOM instances."""

from __future__ import annotations

from itertools import chain
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from monai_covid.dicom.study import StudyOutcome
from monai_covid.inference.study import StudyPipeline, process_each


class ResultWriterOperator(Operator):
    """Makes DICOM instances of findings.

    Named input:
        findings: ``list[ImageFinding]``, possibly empty.
        refusals: ``tuple[Refusal, ...]``, passed on.
        failed: ``tuple[Refusal, ...]``, passed on with those at which this fails unexpectedly.

    Named output:
        outcome: `StudyOutcome` with the instances and the refusals.
    """

    def __init__(self, fragment: Fragment, *args: Any, pipeline: StudyPipeline, **kwargs: Any):
        """Use the method `write` of ``pipeline``."""
        self._pipeline = pipeline
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Define the ports."""
        spec.input("findings")
        spec.input("refusals")
        spec.input("failed")
        spec.output("outcome")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Make the instances."""
        results, failed = process_each(
            lambda finding: self._pipeline.write([finding]), op_input.receive("findings")
        )
        refusals = (*op_input.receive("refusals"), *op_input.receive("failed"), *failed)
        op_output.emit(StudyOutcome(tuple(chain.from_iterable(results)), refusals), "outcome")
