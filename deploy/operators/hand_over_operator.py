"""The way out of the graph for a program that goes on with the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from monai_covid.dicom.study import StudyOutcome


class HandOverOperator(Operator):
    """Gives the outcome to the program that runs the graph.

    Named input:
        outcome: `StudyOutcome`.
    """

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        receive: Callable[[StudyOutcome], None],
        **kwargs: Any,
    ):
        """Call ``receive`` with the outcome."""
        self._receive = receive
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Define the port."""
        spec.input("outcome")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Hand the outcome over."""
        self._receive(op_input.receive("outcome"))
