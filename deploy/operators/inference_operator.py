"""Classification and explanation."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from monai_covid.inference.study import StudyPipeline, process_each


class InferenceOperator(Operator):
    """Classifies images and explains the most probable class of each by LRP.

    Named input:
        images: ``tuple[EligibleImage, ...]``, possibly empty.

    Named output:
        findings: ``list[ImageFinding]``, one for each image.
        failed: ``tuple[Refusal, ...]``: images at which this failed unexpectedly.
    """

    def __init__(self, fragment: Fragment, *args: Any, pipeline: StudyPipeline, **kwargs: Any):
        """Use the method `infer` of ``pipeline``."""
        self._pipeline = pipeline
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Define the ports."""
        spec.input("images")
        spec.output("findings")
        spec.output("failed")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Classify and explain."""
        findings, failed = process_each(
            lambda image: self._pipeline.infer([image])[0], op_input.receive("images")
        )
        op_output.emit(findings, "findings")
        op_output.emit(failed, "failed")
