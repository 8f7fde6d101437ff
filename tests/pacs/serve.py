"""The service in a process of its own: ``python -m tests.pacs.serve JSON-OF-OPTIONS``."""

import json
import sys
import time
from pathlib import Path

from monai_covid.pacs.run import run_service
from tests.pacs.running import settings
from tests.pacs.studies import FakeProcessor


def main(given):
    """Process as ``given`` says: if ``block`` is the name of a file, make it and do not return."""
    processor = FakeProcessor()

    def process(files):
        if block := given.get("block"):
            Path(block).touch()
            time.sleep(600)
        return processor(files)

    others = given.get("settings", {})
    return run_service(settings(Path(given["spool"]), *given["send_to"], **others), process)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
