"""Which runs can be continued or replaced, and that others are left as they are."""

import json

import pytest

from tests.training.stages import assert_same_end, curve, run_stage

pytestmark = pytest.mark.usefixtures("tiny_network")


def summary(run):
    return json.loads((run / "summary.json").read_text())


def contents(run):
    return {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}


def test_a_finished_run_is_left_as_it_is(covid, tmp_path):
    run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=1)
    before = contents(tmp_path / "run")
    run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=1, resume=True)
    assert contents(tmp_path / "run") == before


def test_resuming_without_a_run_starts_one(covid, tmp_path):
    run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=1, resume=True)
    assert summary(tmp_path / "run")["epochs"] == 1


def test_overwriting_starts_anew(covid, tmp_path):
    for seed, options in ((0, {}), (1, {"overwrite": True})):
        run_stage("stage3_covid", covid, tmp_path / "run", max_epochs=1, seed=seed, **options)
    assert len(curve(tmp_path / "run")) == 1
    assert summary(tmp_path / "run")["settings"]["seed"] == 1
    run_stage("stage3_covid", covid, tmp_path / "new", max_epochs=1, seed=1)
    assert_same_end(tmp_path / "run", tmp_path / "new")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "holds a run already"),
        ({"resume": True, "overwrite": True}, "resume and overwrite are mutually exclusive"),
        ({"resume": True, "seed": 5, "momentum": 0.5}, "momentum was 0.9 and is now 0.5; seed was"),
        ({"resume": True, "max_epochs": 9}, "max_epochs was 4 and is now 9"),
        ({"resume": True, "fold": 3}, "fold was 0 and is now 3; data was"),
    ],
)
def test_a_run_that_cannot_be_continued_is_left_as_it_is(covid, tmp_path, options, message):
    run_stage("stage3_covid", covid, tmp_path / "run", minutes=0.0)
    before = contents(tmp_path / "run")
    with pytest.raises(SystemExit, match=rf"(?s)^error: .*{message}"):
        run_stage("stage3_covid", covid, tmp_path / "run", **options)
    assert contents(tmp_path / "run") == before
