"""Calibration works without torch, as the evaluation does."""

import pkgutil
import subprocess
import sys

import monai_covid.calibration
from tests.evaluation.test_independence import PROGRAM


def test_works_without_torch_and_without_pyplot():
    found = pkgutil.walk_packages(monai_covid.calibration.__path__, "monai_covid.calibration.")
    modules = [module.name for module in found]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(modules=modules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(modules) >= 10
