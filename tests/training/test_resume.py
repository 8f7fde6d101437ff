"""A run that is interrupted and continued ends as one that was not, bit for bit."""

import json
import os
import signal
import time
from functools import partial

import pytest
import torch

from monai_covid.training.curve import LearningCurve
from tests.training.stages import (
    FROM_RANDOM,
    arguments,
    assert_same_end,
    curve,
    last,
    run_stage,
    start,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tiny_network")]

KILLED = -signal.SIGKILL


def die_at(iteration):
    """Let this process die as soon as the curve has noted an iteration."""
    record = LearningCurve._iteration

    def record_or_die(self, engine):
        record(self, engine)
        if engine.state.iteration == iteration:
            os.kill(os.getpid(), signal.SIGKILL)

    LearningCurve._iteration = record_or_die


def summary(run):
    return json.loads((run / "summary.json").read_text())


def run_in_pieces(stage, dataset, output, **options):
    """Run a stage with no time for a second epoch until it is done; return its lengths."""
    pieces = []
    while not pieces or not summary(output)["finished"]:
        run_stage(stage, dataset, output, resume=bool(pieces), minutes=0.0, **options)
        pieces.append(summary(output)["epochs"])
        assert len(curve(output)) == pieces[-1]
    return pieces


@pytest.mark.parametrize(
    ("stage", "options"),
    [
        ("stage3_covid", {"max_epochs": 5, "warmup_epochs": 2}),
        ("stage3_covid", {"max_epochs": 4, "head_epochs": 0, "num_workers": 1, "cache_gb": 0.0}),
        ("stage3_covid", {"max_epochs": 4, "head_epochs": 9, "fold": 2}),
        ("stage3_covid", {"max_epochs": 5, "val_interval": 2, "precision": "bfloat16"}),
        ("stage2_nih", {"max_epochs": 3, "head_epochs": 1, "batch_size": 8, "limit": 30}),
    ],
    ids=["both phases", "no head phase", "head phase alone", "every second epoch", "stage 2"],
)
def test_stopped_after_every_epoch(request, tmp_path, stage, options):
    dataset = request.getfixturevalue("nih" if stage == "stage2_nih" else "covid")
    run_stage(stage, dataset, tmp_path / "whole", **options)
    pieces = run_in_pieces(stage, dataset, tmp_path / "pieces", **options)
    assert pieces == list(range(1, options["max_epochs"] + 1))
    assert_same_end(tmp_path / "whole", tmp_path / "pieces")
    assert summary(tmp_path / "whole") == summary(tmp_path / "pieces")


def test_stopped_early_and_the_best_epoch_is_kept(covid, tmp_path):
    options = {"max_epochs": 12, "head_epochs": 1, "patience": 2, "learning_rate": 0.1, "seed": 2}
    run_stage("stage3_covid", covid, tmp_path / "whole", **options)
    run_in_pieces("stage3_covid", covid, tmp_path / "pieces", **options)
    found = summary(tmp_path / "whole")
    assert found["stopped_early"]
    assert found["best_epoch"] == found["epochs"] - 2
    assert found["epochs"] < 12
    assert summary(tmp_path / "pieces") == found
    assert_same_end(tmp_path / "whole", tmp_path / "pieces")
    best = torch.load(tmp_path / "pieces" / "model.pt")
    end = last(tmp_path / "pieces")["network"]
    assert not torch.equal(best["class_layers.out.bias"], end["class_layers.out.bias"])


@pytest.mark.parametrize("iteration", [1, 5, 8], ids=["first epoch", "head phase", "whole phase"])
def test_killed_in_the_middle_of_an_epoch(covid, tmp_path, iteration):
    run_stage("stage3_covid", covid, tmp_path / "whole")
    assert last(tmp_path / "whole")["iteration"] == 12
    options = {**FROM_RANDOM, "dataset_dir": covid, "output_dir": tmp_path / "killed"}
    line = arguments("stage3_covid", **options)
    status, output = start(tmp_path, *line, prepare=partial(die_at, iteration)).finish()
    assert status == KILLED, output
    assert not (tmp_path / "killed" / "summary.json").exists()
    assert (tmp_path / "killed" / "last.pt").exists() == (iteration > 3)
    run_stage("stage3_covid", covid, tmp_path / "killed", resume=True)
    assert_same_end(tmp_path / "whole", tmp_path / "killed")
    assert summary(tmp_path / "whole") == summary(tmp_path / "killed")


class Killed(BaseException):
    """Stands for the end of the process at one exact place."""


@pytest.mark.parametrize("written", ["save_model", "curve"])
def test_ended_between_two_files_of_an_epoch(covid, tmp_path, monkeypatch, written):
    from monai_covid.training import checkpoint
    from monai_covid.training import curve as curves

    run_stage("stage3_covid", covid, tmp_path / "whole")
    module, name = {
        "save_model": (checkpoint, "save_model"),
        "curve": (curves, "write_text"),
    }[written]
    write, calls = getattr(module, name), []

    def write_and_end(*arguments):
        write(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, write_and_end)
        with pytest.raises(Killed):
            run_stage("stage3_covid", covid, tmp_path / "killed")
    run_stage("stage3_covid", covid, tmp_path / "killed", resume=True)
    assert_same_end(tmp_path / "whole", tmp_path / "killed")


def test_machine_options_may_change(covid, tmp_path):
    run_stage("stage3_covid", covid, tmp_path / "whole")
    run_stage("stage3_covid", covid, tmp_path / "moved", minutes=0.0)
    run_stage(
        "stage3_covid",
        covid,
        tmp_path / "moved",
        **{"resume": True, "num_workers": 1, "cache_gb": 0.0, "cache_dir": str(tmp_path / "c")},
    )
    assert_same_end(tmp_path / "whole", tmp_path / "moved")


def test_ctrl_c_ends_in_one_line_and_the_run_can_be_continued(covid, tmp_path):
    options = {"max_epochs": 5000, "patience": 0}
    files = {**FROM_RANDOM, "dataset_dir": covid, "output_dir": tmp_path / "run"}
    process = start(tmp_path, *arguments("stage3_covid", **options, **files))
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    status, output = process.finish()
    assert status == 130, output
    assert "Continue with --resume True" in output
    assert "Traceback" not in output
    interrupted = last(tmp_path / "run")["epoch"]
    # The curve is written before the checkpoint: it may be one epoch ahead of it.
    assert len(curve(tmp_path / "run")) - interrupted in (0, 1)
    run_stage("stage3_covid", covid, tmp_path / "run", resume=True, minutes=0.0, **options)
    assert last(tmp_path / "run")["epoch"] == interrupted + 1
    assert len(curve(tmp_path / "run")) == interrupted + 1
