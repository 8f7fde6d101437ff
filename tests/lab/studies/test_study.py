"""Whole studies, with a network of a few layers."""

import json
from copy import deepcopy

import pandas as pd
import pytest
import yaml

from monai_covid.cli import study as command
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.layout import Layout
from monai_covid.lab.studies.one_run import Outcome, Runner
from monai_covid.lab.studies.pages.folder import write_results
from monai_covid.lab.studies.pages.stored import parse_study
from monai_covid.lab.studies.prerequisites import claimed
from monai_covid.lab.studies.work import work
from monai_covid.training.budget import TimeBudget
from tests.lab.studies.conftest import SMALL
from tests.training.stages import differences

pytestmark = pytest.mark.slow

TIMES = ("seconds",)


def without_times(content):
    if isinstance(content, dict):
        return {k: without_times(v) for k, v in content.items() if k not in TIMES}
    return [without_times(each) for each in content] if isinstance(content, list) else content


def changed(**changes):
    return {**deepcopy(SMALL), **changes}


def test_a_study_cut_into_pieces_ends_as_a_whole_one(tiny_network, study, tmp_path):
    status, whole = study(SMALL)
    assert status == 0
    statuses = []
    while not statuses or statuses[-1] == 3:
        status, pieces = study(SMALL, "--minutes", "0", out="pieces")
        statuses.append(status)
        assert len(statuses) < 10
    assert statuses[-1] == 0
    assert len(statuses) > 3  # stage 2, then two epochs of each of two runs
    assert not differences(without_times(whole), without_times(pieces))
    stages = list((tmp_path / "out/stage2").iterdir())
    assert len(stages) == 1  # both arms start from the same network


def test_what_a_study_says(tiny_network, study, tmp_path, collections):
    further = ["external", "without_lungs"]
    content = changed(further=further, baselines=["aspect"], stage2_excludes="fold")
    status, found = study(content)
    assert status == 0
    page = parse_study(found, "study.json", "small")
    assert [arm.finished for arm in page.arms] == [1, 1]
    arm = found["arms"][1]
    assert arm["started_from"] == "stage 2 (from random weights), head keep"
    assert len(arm["curves"]["validation_auc"][0]) == len(arm["curves"]["epoch"]) == 2
    assert arm["pooled"]["test"]["accuracy"]["value"] == arm["runs"][0]["test"]["accuracy"]
    # These pictures hold no lungs; the external ones hold pneumonia and normal alone.
    assert set(arm["runs"][0]["further"]) == {"external"}
    assert arm["runs"][0]["further"]["external"]["recall"]["covid19"] is None
    assert set(found["baselines"]) == set(arm["pooled"]["against"]) == {"aspect"}
    accuracies = arm["pooled"]["test"]["accuracy"], found["baselines"]["aspect"]["accuracy"]
    assert arm["pooled"]["against"]["aspect"]["value"] == pytest.approx(
        accuracies[0]["value"] - accuracies[1]["value"]
    )
    assert {row["measure"] for row in found["comparisons"]} >= {"test accuracy", "test macro_auc"}
    text = json.dumps(found)
    assert str(tmp_path) not in text
    assert ".png" not in text
    assert "Research use only" in found["notice"]


def test_finished_runs_are_not_repeated_and_arms_and_seeds_may_be_added(
    tiny_network, study, tmp_path
):
    one_arm = changed(arms=SMALL["arms"][:1])
    study(one_arm)
    model = tmp_path / "out/runs/twice/seed_0/fold_0/model.pt"
    written = model.stat().st_mtime_ns
    more = [
        {"name": "further", "start": "previous: twice", "options": {"max_epochs": 1}},
        {"name": "flips", "start": "same: twice", "evaluation": {"flips": True}},
        {"name": "direct", "start": "imagenet"},
    ]
    status, found = study(changed(arms=[*SMALL["arms"][:1], *more]))
    assert status == 0
    assert model.stat().st_mtime_ns == written
    starts = {arm["name"]: arm["started_from"] for arm in found["arms"]}
    assert starts["direct"] == "random weights"
    assert "then stage 3 at 32 pixels" in starts["further"]
    assert (tmp_path / "out/runs/flips/seed_0/fold_0/model.pt").samefile(model)
    status, found = study(one_arm | {"arms": [*SMALL["arms"][:1], *more]}, "--arms", "direct")
    assert status == 0
    plan = yaml.safe_load((tmp_path / "out/plan.yaml").read_text())
    assert plan["files"]["ImageNet weights of densenet121"] == "none at hand"


def test_further_evaluations_take_the_options_of_the_evaluation(tiny_network, study, tmp_path):
    flips = {"name": "flips", "start": "same: twice", "evaluation": {"flips": True}}
    status, _ = study(changed(arms=[SMALL["arms"][0], flips], further=["external"]))
    assert status == 0
    plain, flipped = (
        (tmp_path / f"out/runs/{arm}/seed_0/fold_0/evaluation_external/predictions.csv").read_text()
        for arm in ("twice", "flips")
    )
    assert len(plain.splitlines()) == len(flipped.splitlines()) > 1
    assert plain != flipped


def test_the_mean_of_arms_is_that_of_their_probabilities(tiny_network, study, tmp_path):
    mean = {"name": "both", "start": "mean: twice, keep", "baseline": "keep"}
    content = changed(arms=[*SMALL["arms"], mean], further=["external", "without_lungs"])
    with pytest.raises(SystemExit, match="both needs keep, both needs twice"):
        study(content, "--arms", "both", out="new")
    status, found = study(content)
    assert status == 0
    for part in ("evaluation", "evaluation_external"):
        keep, twice, both = (
            pd.read_csv(tmp_path / f"out/runs/{arm}/seed_0/fold_0/{part}/predictions.csv")
            .sort_values("image")
            .set_index("image")
            .filter(like="probability")
            for arm in ("keep", "twice", "both")
        )
        pd.testing.assert_frame_equal(both, (keep + twice) / 2, rtol=1e-5)
    arm = found["arms"][2]
    assert (arm["started_from"], arm["runs"][0]["epochs"]) == (None, None)
    assert arm["runs"][0]["test"]["images"] == found["arms"][0]["runs"][0]["test"]["images"]
    pairs = {
        each["measure"]: each["pairs"] for each in found["comparisons"] if each["arm"] == "both"
    }
    assert pairs["test accuracy"] == 1
    assert pairs["best validation_auc"] == 0
    page, _ = write_results([tmp_path / "out/study.json"], tmp_path / "results")
    text = page.read_text()
    assert "| both | mean: twice, keep | – | 1 | – | – |" in text  # noqa: RUF001
    assert "2 training runs in all" in text


def test_progress_is_of_the_runs_that_were_asked_for(tiny_network, study, monkeypatch):
    said = []
    monkeypatch.setattr(command.logger, "info", lambda text, *values: said.append(text % values))
    study(SMALL, "--arms", "twice")
    study(SMALL, "--arms", "keep")
    counts = [text for text in said if "runs are finished" in text]
    assert counts[-1] == "1 of 1 runs are finished"


def test_a_changed_study_is_refused_and_says_what_changed(tiny_network, study):
    study(changed(arms=SMALL["arms"][:1]))
    with pytest.raises(SystemExit, match="arm twice: max_epochs was 2 and is now 3"):
        study(changed(arms=SMALL["arms"][:1], options={**SMALL["options"], "max_epochs": 3}))
    with pytest.raises(SystemExit, match="arm twice is no longer there"):
        study(changed(arms=SMALL["arms"][1:], baseline="keep"))


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (changed(options={"max_epoch": 1}), [], "did you mean max_epochs"),
        (changed(folds=[7]), [], "folds 7"),
        (SMALL, ["--jobs", "0"], "--jobs is 0; it must be at least 1"),
        (SMALL, ["--arms", "other"], "no arm 'other'"),
        (SMALL, ["--leave-out", "absent.csv"], r"absent\.csv: no such file"),
        (SMALL, ["--imagenet", "absent.pth"], r"absent\.pth: no such file"),
        (changed(options={"extra_manifests": ["extra"]}), [], "--extra is needed by twice, keep"),
        (
            changed(arms=[*SMALL["arms"], {"name": "on", "start": "previous: keep"}]),
            ["--arms", "on"],
            "on needs keep; name these arms too",
        ),
    ],
)
def test_nothing_is_trained_where_something_is_wrong(study, tmp_path, content, arguments, message):
    with pytest.raises(SystemExit, match=message):
        study(content, *arguments)
    assert not (tmp_path / "out/runs").exists()
    assert not (tmp_path / "out/stage2").exists()


class Scripted(Runner):
    """Runs that end as told."""

    def __init__(self, study, layout, outcomes):
        super().__init__(study, layout, None, TimeBudget(None))
        self.outcomes, self.done, self.attempts = outcomes, set(), []

    def is_done(self, run):
        return run in self.done

    def attempt(self, run):
        self.attempts.append(run.arm)
        outcome = self.outcomes[run.arm].pop(0)
        if outcome is Outcome.DONE:
            self.done.add(run)
        return outcome


@pytest.fixture
def scripted(tmp_path):
    from monai_covid.lab.studies.study_file import study_from

    content = changed(arms=[*SMALL["arms"], {"name": "on", "start": "previous: keep"}])
    return lambda **outcomes: Scripted(
        study_from(content, tmp_path), Layout(tmp_path / "out"), outcomes
    )


def runs_of(runner):
    return list(runner.study.runs())


def test_a_diverged_run_is_left_with_what_starts_from_it_and_others_go_on(scripted):
    runner = scripted(twice=[Outcome.DONE], keep=[Outcome.FAILED], on=[Outcome.BLOCKED])
    left = work(runner, runs_of(runner), lambda: None)
    assert left == [Run("keep", 0, 0), Run("on", 0, 0)]


def test_runs_of_other_processes_are_waited_for(scripted, monkeypatch):
    monkeypatch.setattr("monai_covid.lab.studies.work.SECONDS_BETWEEN_LOOKS", 0.0)
    runner = scripted(
        twice=[Outcome.BUSY, Outcome.BUSY, Outcome.DONE],
        keep=[Outcome.DONE],
        on=[Outcome.BLOCKED, Outcome.DONE],
    )
    finished = []
    assert work(runner, runs_of(runner), lambda: finished.append(1)) == []
    assert len(finished) == 3


def test_a_claim_keeps_others_out_until_it_ends(tmp_path):
    with claimed(tmp_path / "run") as first, claimed(tmp_path / "run") as second:
        assert (first, second) == (True, False)
    with claimed(tmp_path / "run") as third:
        assert third


def test_only_a_study_is_overwritten(study, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/letter.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds no study"):
        study(SMALL, "--overwrite")
    assert (tmp_path / "out/letter.txt").read_text() == "mine"
