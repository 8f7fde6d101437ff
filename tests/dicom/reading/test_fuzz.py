"""Three thousand damaged files, read in a process that is watched from outside."""

import json
import os
import re
import selectors
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.slow

COUNT = 3000
SECONDS_A_FILE = 60.0
"""Most take milliseconds; a machine that is busy is not to fail the test."""
BYTES = 1 << 30
TAG = re.compile(r"\([0-9A-F]{4},[0-9A-F]{4}\)")


def watched(command, folder):
    """The lines of ``command``, which may neither stand still nor take much memory."""
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    lines, last = [], time.monotonic()
    with selectors.DefaultSelector() as selector, process:
        os.set_blocking(process.stdout.fileno(), False)
        selector.register(process.stdout, selectors.EVENT_READ)
        rest = ""
        while True:
            if selector.select(timeout=0.5):
                chunk = process.stdout.read()
                if chunk == "":
                    break
                *whole, rest = (rest + (chunk or "")).split("\n")
                lines += whole
                last = time.monotonic()
            used = psutil.Process(process.pid).memory_info().rss if process.poll() is None else 0
            waited = time.monotonic() - last
            if used > BYTES or waited > SECONDS_A_FILE:
                process.kill()
                pytest.fail(f"behind file {len(lines)}: {used / 1e6:.0f} MB, {waited:.0f} s")
    assert process.returncode == 0, f"ended with {process.returncode} behind file {len(lines)}"
    return [json.loads(line) for line in lines], (folder / "stderr").read_text()


def test_mutants_are_read_or_refused_with_a_tag_and_nothing_is_printed(tmp_path):
    command = [sys.executable, "-m", "tests.dicom.reading.mutants", "0", str(COUNT)]
    outcomes, printed = watched(command, tmp_path)
    assert len(outcomes) == COUNT
    assert printed == ""
    refusals = [each for each in outcomes if each["refusal"]]
    assert COUNT / 4 < len(refusals) < COUNT
    texts = [each["refusal"] for each in refusals]
    assert [text for text in texts if "SECRET" in text] == []
    # What has no preamble and prefix any more has no tag either.
    untagged = [text for text in texts if not TAG.search(text) and "not a DICOM file" not in text]
    assert untagged == []
    cut = [each["refusal"] for each in refusals if each["cut"]]
    assert len(cut) > COUNT / 20
    assert [text for text in cut if "cut off" not in text] == []
