import os
import signal
import time

import pytest

from monai_covid.lab.studies.jobs import run_jobs


def test_a_study_that_is_terminated_leaves_no_job_behind(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    logs = [tmp_path / f"job_{number}.log" for number in (1, 2)]

    def look():
        if all(log.is_file() and log.read_text() for log in logs):
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        run_jobs(["-c", code], 2, tmp_path, look, seconds_between_looks=0.05)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    for log in logs:
        with pytest.raises(ProcessLookupError):
            os.kill(int(log.read_text()), 0)


def jobs(code, tmp_path, count=2):
    looked = []
    status = run_jobs(
        ["-c", code], count, tmp_path, lambda: looked.append(1), seconds_between_looks=0.05
    )
    return status, looked


def test_jobs_have_one_thread_each_and_a_log(tmp_path):
    status, looked = jobs("import os; print(os.environ['OMP_NUM_THREADS'])", tmp_path)
    assert status == 0
    assert looked
    assert [(tmp_path / f"job_{k}.log").read_text() for k in (1, 2)] == ["1\n", "1\n"]


def test_jobs_out_of_time_end_well_and_the_others_are_waited_for(tmp_path):
    code = (
        "import os, pathlib, sys, time; m = pathlib.Path('mark')\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "try:\n    m.touch(exist_ok=False)\n"
        "except FileExistsError:\n    sys.exit(3)\n"
        "time.sleep(0.4); pathlib.Path('whole').touch()"
    )
    assert jobs(code, tmp_path)[0] == 3
    assert (tmp_path / "whole").exists()


def test_a_job_that_fails_stops_the_others(tmp_path):
    code = (
        "import os, pathlib, sys, time; m = pathlib.Path('mark')\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "try:\n    m.touch(exist_ok=False)\n"
        "except FileExistsError:\n    sys.exit(1)\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    assert jobs(code, tmp_path)[0] != 0
    assert time.monotonic() - started < 30
