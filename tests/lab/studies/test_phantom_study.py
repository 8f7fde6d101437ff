"""The command itself, on synthetic radiographs, in two processes, interrupted once."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from monai_covid.lab.phantom.write_covid import write_phantom
from tests.lab.studies.conftest import QUICK
from tests.training.stages import BUNDLE

CONTENT = {
    "title": "Keeping",
    "question": "Does keeping output neurons help?",
    "folds": [0],
    "seeds": [0, 1],
    "stage2": {**QUICK, "max_epochs": 1, "head_epochs": 0},
    "options": {**QUICK, "max_epochs": 2},
    "first_epochs": 1,
    "further": ["without_lungs"],
    "arms": [
        {"name": "twice", "options": {"head": "random"}},
        {"name": "keep", "options": {"head": "keep"}},
    ],
}


def wait_for(found, seconds=240):
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_study_that_is_interrupted_goes_on_to_its_end(tmp_path):
    phantom = write_phantom(
        tmp_path / "phantom", nih_images=40, covid_images_per_class=12, seed=0, progress=False
    )
    file, out = tmp_path / "study.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(CONTENT))
    command = [sys.executable, "-m", "monai_covid", "study", str(file), "--jobs", "2"]
    command += ["--nih", str(phantom / "nih"), "--data", str(phantom / "covid")]
    command += ["--out", str(out), "--imagenet", "none", "--device", "cpu"]
    command += ["--bundle", str(BUNDLE), "--resamples", "40"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, env=environment, start_new_session=True)
    wait_for(lambda: any(out.glob("runs/*/*/*/last.pt")))
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(60) == 130
    # Nobody is left at work in the folder.
    finished = subprocess.run(command, env=environment, check=False, timeout=280)
    assert finished.returncode == 0
    found = json.loads((out / "study.json").read_text())
    for arm in found["arms"]:
        assert arm["runs_finished"] == arm["runs_planned"] == 2
        assert [len(curve) for curve in arm["curves"]["validation_auc"]] == [2, 2]
        assert arm["pooled"]["ensemble"]["accuracy"]["value"] is not None
        assert arm["pooled"]["further"]["without_lungs"]["images"] > 0
    assert not list(out.glob("runs/*/*/*/.*-*"))
