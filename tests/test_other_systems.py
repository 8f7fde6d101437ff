"""The package without what only Linux has; by simulation, for there is no Windows in CI."""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.data.collections_on_disk import write_picture

pytestmark = pytest.mark.slow


def ended(system, *arguments):
    command = [sys.executable, "-W", "ignore", "-m", "tests.other_systems", system]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_imports_and_predict_answers(tmp_path):
    image, out = write_picture(tmp_path / "a.png", size=(64, 64)), tmp_path / "out"
    options = ("--keep-unsuitable", "--device", "cpu", "--out", out)
    done = ended("win32", "predict", image, *options)
    assert done.returncode == 0, done.stderr
    assert "probability_covid19" in (out / "predictions.csv").read_text()


def test_the_service_says_that_it_is_for_linux(tmp_path):
    done = ended("darwin", "listen", "--spool", tmp_path / "spool")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: listen is for Linux, and this is darwin; run it there")
    assert not (tmp_path / "spool").exists()
