"""Results as files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from monai_covid.dicom.study import StudyOutcome


class StoreOperator(Operator):
    """Writes the results of one study into a folder: all of them, or none.

    Files are named by their SOP Instance UID. A file of that name is replaced: it holds the same
    instance. Without results nothing is written, not even the folder.

    Named input:
        outcome: `StudyOutcome`.
    """

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, **kwargs: Any):
        """Write into ``folder``, which is made when it is needed."""
        self._folder = folder
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Define the port."""
        spec.input("outcome")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Write the files."""
        outcome: StudyOutcome = op_input.receive("outcome")
        if outcome.results:
            store(outcome, self._folder)


def store(outcome: StudyOutcome, folder: Path) -> None:
    """Write the results of ``outcome`` into ``folder``; after an error none of them is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Encoding or a full disk can fail, so all files are whole before the first gets its name.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        names = []
        for instance in outcome.results:
            names.append(f"{instance.SOPInstanceUID}.dcm")
            instance.save_as(Path(temporary) / names[-1], enforce_file_format=True)
        folder.mkdir(exist_ok=True)
        for name in names:
            (Path(temporary) / name).replace(folder / name)
