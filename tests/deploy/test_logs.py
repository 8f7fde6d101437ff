"""What of other libraries' messages reaches the log."""

import subprocess
import sys

import pytest

from tests.deploy.conftest import DEPLOY

pytestmark = pytest.mark.deploy

SCRIPT = """
import logging, sys, warnings
from stack_limit import raise_stack_limit
raise_stack_limit()
from logs import keep_patient_data_out

logging.basicConfig(level=logging.DEBUG)
keep_patient_data_out(sys.argv[1])
logging.info("Series Description: DOE^JOHN")
logging.getLogger("highdicom").info("copied from DOE^JOHN")
logging.getLogger("pydicom").warning("value %s is too long", "DOE^JOHN")
warnings.warn("no date: DOE^JOHN")
try:
    raise ValueError("DOE^JOHN")
except ValueError:
    logging.getLogger("pynetdicom").exception("failed")
logging.getLogger("monai_covid.deploy").debug("own detail")
logging.getLogger("monai_covid.deploy").info("own message")
"""


@pytest.mark.parametrize(("level", "own"), [("INFO", 1), ("DEBUG", 2), ("ERROR", 0)])
def test_only_own_messages_are_shown_and_of_others_that_they_warned(level, own):
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, level],
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        check=True,
    )
    said = finished.stderr
    assert "DOE" not in said
    assert said.count("message left out, because it may hold patient data") == 3
    assert said.count(" own ") + said.count(":own ") == own
