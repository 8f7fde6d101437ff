"""The service in a process of its own: ``python -m tests.dicom.service.serve JSON-OF-OPTIONS``."""

import json
import os
import sys
import time
from pathlib import Path

from monai_covid.dicom.service.run import run_service
from tests.dicom.service.running import settings
from tests.dicom.service.studies import FakeProcessor


class Blocking(FakeProcessor):
    """Makes the file ``block`` when it is called, ``block_ahead`` when it looks ahead, and stays
    there."""

    def __init__(self, block, block_ahead, aborts):
        super().__init__(abort_at(aborts))
        self._block, self._block_ahead = block, block_ahead

    def __call__(self, files):
        stay(self._block)
        return super().__call__(files)

    def look_ahead(self, file):
        stay(self._block_ahead)
        return True


def abort_at(patient):
    """End the process as a library does at damaged data, at images of ``patient``."""

    def act(datasets):
        if any(one.PatientID == patient for one in datasets):
            os.abort()

    return act


def stay(file):
    """Make ``file``, if it has a name, and do not return."""
    if file:
        Path(file).touch()
        time.sleep(600)


def main(given):
    """Run the service as ``given`` says."""
    processor = Blocking(given.get("block"), given.get("block_ahead"), given.get("aborts"))
    others = given.get("settings", {})
    return run_service(settings(Path(given["spool"]), *given["send_to"], **others), processor)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
