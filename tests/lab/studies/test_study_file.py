import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from monai_covid.errors import InputError, OptionError
from monai_covid.lab.studies.definition import InitialWeights, Run
from monai_covid.lab.studies.layout import stage1_key, stage2_key
from monai_covid.lab.studies.plan import content_of
from monai_covid.lab.studies.study_file import find_study, read_study, shipped_studies, study_from
from tests.lab.studies.conftest import SMALL

PLACE = Path("study.yaml")


def changed(**changes):
    return {**deepcopy(SMALL), **changes}


def arm(**changes):
    return changed(arms=[SMALL["arms"][0], {**SMALL["arms"][1], **changes}])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed(seed=[1]), "seed is no key of a study; did you mean seeds?"),
        (changed(baseline="other"), "baseline 'other' is no arm of the study"),
        (changed(folds=[0, 0]), "folds: must be a list of different whole numbers"),
        (changed(seeds=[True]), "seeds: must be a list of different whole numbers"),
        (changed(stage2_excludes="none"), "must be fold or all"),
        (changed(first_epochs=0), "first_epochs 0 must be a whole number from 1"),
        (changed(further=["lungs"]), "further: no 'lungs'; there are lungs_only"),
        (changed(baselines=["thumb"]), "baselines: no 'thumb'; there are aspect"),
        (changed(options={"learning_rat": 0.1}), "did you mean learning_rate?"),
        (changed(options={"max_epochs": "ten"}), "max_epochs 'ten': must be a whole number"),
        (changed(options={"fold": 1}), "fold cannot be set here"),
        (changed(options=[1]), "options: must be a mapping"),
        (changed(stage2={"head": "keep"}), "stage2: head is not an option"),
        (changed(arms=[]), "arms is missing"),
        (changed(arms=[{"start": "stage2"}]), "arms[0]: must be a mapping with a name"),
        (arm(start="stage3"), "start 'stage3' must be stage2, imagenet, random"),
        (arm(start="previous: later"), "must name an arm above it"),
        (arm(start="random"), "arm keep: options: head is not an option"),
        (arm(start="imagenet", options={}, stage2={"max_epochs": 2}), "has no stage 2"),
        (arm(start="same: twice"), "is not trained; only evaluation"),
        (arm(start="mean: twice"), "start 'mean: twice' must be stage2, imagenet, random"),
        (arm(start="mean: twice,"), "start 'mean: twice,' must be stage2, imagenet, random"),
        (arm(start="previous: twice, keep"), "'mean: ARM, ARM'"),
        (arm(start="mean: twice, twice", options={}), "names an arm twice"),
        (arm(start="mean: twice, later", options={}), "must name an arm above it"),
        (arm(start="mean: twice, later"), "has no network of its own, and so no options"),
        (changed(stage1={"head_epochs": 1}), "stage1: head_epochs is not an option"),
        (arm(stage1={"image_folders": []}), "stage1: image_folders cannot be set here"),
        (arm(stage1=False), "arm keep: stage1: must be a mapping of options"),
        (
            arm(start="imagenet", options={}, stage1={}),
            "has no stage 1; only stage2 and probe have",
        ),
        (
            arm(start="probe", options={"backbone": "densenet121", "pooling": "covariances"}),
            "arm keep: pooling covariances needs backbone efficientnet_lite0",
        ),
        (
            arm(start="probe", options={"pooling": "means"}),
            "pooling 'means': must be one of moments",
        ),
        (arm(name="twice"), "arm twice: there are two of that name"),
        (arm(name="../x"), "a name has letters"),
        (arm(baseline="none"), "baseline 'none' is no arm"),
    ],
)
def test_what_is_wrong_is_named(content, message):
    with pytest.raises(InputError, match=re.escape(message)):
        study_from(content, PLACE)


def test_all_problems_are_named_together():
    with pytest.raises(InputError) as caught:
        study_from(changed(first_epochs=0, further=["x"], baseline="y"), PLACE)
    assert len(caught.value.problems) == 3


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("title: [")
    with pytest.raises(InputError, match=r"broken\.yaml: is no YAML"):
        read_study(file)


def test_both_ways_of_writing_a_start():
    for start in ("previous: twice", {"previous": "twice"}):
        found = study_from(arm(start=start), PLACE).arm("keep").start
        assert found == InitialWeights("previous", ("twice",))
    for start in ("mean: twice, keep", {"mean": ["twice", "keep"]}):
        study = study_from(changed(arms=[*SMALL["arms"], {"name": "both", "start": start}]), PLACE)
        assert study.arm("both").start == InitialWeights("mean", ("twice", "keep"))
        assert study_from(yaml.safe_load(yaml.safe_dump(content_of(study))), PLACE) == study


def test_writing_down_and_reading_gives_the_same_study():
    for content in (
        arm(start="previous: twice", baseline="twice"),
        arm(stage1={}) | {"stage1": {"max_epochs": 3}},
        arm(stage1={"max_epochs": 3}),
    ):
        study = study_from(content, PLACE)
        assert study_from(yaml.safe_load(yaml.safe_dump(content_of(study))), PLACE) == study


def test_runs_go_through_seeds_then_folds_then_arms():
    runs = list(study_from(changed(seeds=[0, 1], folds=[2, 3]), PLACE).runs())
    assert runs[:3] == [Run("twice", 0, 2), Run("keep", 0, 2), Run("twice", 0, 3)]
    assert len(runs) == 8


def test_stage_2_is_shared_where_and_only_where_it_is_the_same():
    def key(content, seed=0, fold=0, name="keep"):
        study = study_from(content, PLACE)
        return stage2_key(study, study.arm(name), Run(name, seed, fold))

    assert key(SMALL) == key(SMALL, name="twice") == key(SMALL, fold=1)
    assert key(SMALL) != key(SMALL, seed=1)
    assert key(SMALL) != key(arm(stage2={"max_epochs": 5}))
    assert key(SMALL) != key(arm(options={"architecture": "densenet201"}))
    assert key(SMALL) == key(arm(options={"head": "mean", "learning_rate": 0.5}))
    by_fold = changed(stage2_excludes="fold")
    assert key(by_fold) != key(by_fold, fold=1)
    assert key(SMALL) != key(changed(further=["external"]))


def test_keys_and_plans_of_studies_without_stage_1_stay_as_they_were():
    study = study_from(SMALL, PLACE)
    assert stage2_key(study, study.arm("keep"), Run("keep", 0, 0)) == "densenet121-seed_0-1e7dab40"
    assert "stage1" not in yaml.safe_dump(content_of(study))


def test_an_arm_has_a_stage_1_if_it_says_so():
    content = changed(
        stage1={"max_epochs": 7, "batch_size": 8},
        options={"architecture": "densenet201"},
        baseline="without",
        arms=[
            {"name": "without"},
            {"name": "null", "stage1": None},
            {"name": "shared", "stage1": {}},
            {"name": "own", "stage1": {"batch_size": 16}},
        ],
    )
    study = study_from(content, PLACE)
    without, null, shared, own = (study.stage1_options_of(one) for one in study.arms)
    assert without is null is None
    assert shared == {"architecture": "densenet201", "max_epochs": 7, "batch_size": 8}
    assert own == {**shared, "batch_size": 16}


def test_stage_1_is_shared_where_and_only_where_it_is_the_same():
    def keys(content, seed=0, fold=0, name="keep"):
        study = study_from(content, PLACE)
        run = Run(name, seed, fold)
        return [key(study, study.arm(name), run) for key in (stage1_key, stage2_key)]

    def both_differ(one, other):
        return all(first != second for first, second in zip(one, other, strict=True))

    plain = arm(stage1={})
    first = keys(plain)
    assert first == keys(arm(stage1={}, options={"head": "random", "learning_rate": 0.5}))
    assert first[1] != keys(SMALL)[1]
    assert both_differ(first, keys(plain, seed=1))
    assert both_differ(first, keys(plain, fold=1))
    assert both_differ(first, keys(arm(stage1={"max_epochs": 3})))
    assert both_differ(first, keys(arm(stage1={}, options={"extra_manifests": ["extra"]})))
    assert both_differ(first, keys(arm(stage1={}, options={"validation_fraction": 0.4})))
    assert both_differ(first, keys(plain | {"further": ["external"]}))
    shared = keys(arm(stage1={}, stage2={"max_epochs": 9}))
    assert (shared[0], shared[1] != first[1]) == (first[0], True)


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_shipped_studies_can_be_read_by_name(name):
    study = read_study(find_study(name))
    assert study.question.endswith("?")
    assert set(study.compared().values()) <= {one.name for one in study.arms}


def test_the_shipped_studies():
    others = {"ablation", "ablation-gpu", "cross-validation", "shortcuts"}
    assert set(shipped_studies()) == others | {
        "distillation",
        "imagenet-transfer",
        "probes",
        "readings",
    }


def test_an_unknown_name_is_refused():
    with pytest.raises(OptionError, match="there are ablation"):
        find_study("ablations")
