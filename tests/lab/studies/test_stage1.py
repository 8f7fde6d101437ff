"""Arms with a stage 1: what they learn from, what they leave behind, and how pages show them."""

from copy import deepcopy

import pytest
import torch

from monai_covid.data.patients import patients_in
from monai_covid.data.unlabelled import unlabelled_datalist
from monai_covid.lab.studies.collections import Collections, external_nih, images_of
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.initial_weights import imagenet_files
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.lab.studies.pages.markdown import escape
from monai_covid.lab.studies.pages.page import study_page
from monai_covid.lab.studies.pages.stored import parse_study
from monai_covid.lab.studies.prerequisites import Outcome, Prerequisites
from monai_covid.lab.studies.study_file import study_from
from monai_covid.models.info_buffer import MODEL_INFO
from monai_covid.models.tensor_names import HEAD
from monai_covid.training.budget import TimeBudget
from tests.data.collections_on_disk import three_classes, write_manifest
from tests.lab.studies.conftest import SMALL

pytestmark = pytest.mark.slow

STAGE1 = {"image_size": 32, "batch_size": 8, "max_epochs": 1, "projector_width": 8}
START = "stage 2 (from self-supervised pretraining (from random weights)), head keep"


def with_stage1(*more, **changes):
    arms = [
        {"name": "plain", "options": {"head": "keep"}},
        {"name": "pretrained", "options": {"head": "keep"}, "stage1": {}},
        *more,
    ]
    return {**deepcopy(SMALL), "baseline": "plain", "stage1": STAGE1, "arms": arms, **changes}


def test_a_study_with_and_without_stage_1(tiny_network, study, tmp_path):
    other = {"name": "random-head", "options": {"head": "random"}, "stage1": {}}
    content = with_stage1(other, stage1={**STAGE1, "max_epochs": 2})
    status, found = study(content, "--arms", "pretrained", "random-head", "--minutes", "0")
    assert status == 3
    (stage1,) = (tmp_path / "out/stage1").iterdir()  # both arms start from the same
    assert not (tmp_path / "out/stage2").exists() or not list((tmp_path / "out/stage2").iterdir())
    status, found = study(content)
    assert status == 0
    assert list((tmp_path / "out/stage1").iterdir()) == [stage1]
    assert len(list((tmp_path / "out/stage2").iterdir())) == 2
    plain, pretrained, _ = found["arms"]
    assert "stage1" not in plain
    assert plain["started_from"] == "stage 2 (from random weights), head keep"
    assert (pretrained["stage1"], pretrained["started_from"]) == ({}, START)
    (trained,) = found["stage1"]
    assert trained["name"] == stage1.name
    assert (trained["started_from"], trained["epochs"]) == ("random weights", 2)
    assert trained["training_loss"] > 0
    starts = {one["started_from"] for one in found["stage2"]}
    assert starts == {"random weights", "self-supervised pretraining (from random weights)"}
    page = study_page(parse_study(found, "study.json", "small"), "figures")
    assert f"| {escape(stage1.name)} | random weights | 72 | 2 |" in page
    assert START in page
    with pytest.raises(SystemExit, match="arm plain: stage1 was None and is now"):
        study({**content, "arms": [{**content["arms"][0], "stage1": {}}, *content["arms"][1:]]})
    with pytest.raises(SystemExit, match="arm pretrained: stage1: max_epochs was 2 and is now 3"):
        study({**content, "stage1": {**STAGE1, "max_epochs": 3}})


class Noted(Prerequisites):
    """Notes what would be trained and leaves a model behind."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.trained = []

    def _finished(self, config, folder, **options):
        self.trained.append((config, options))
        return True


@pytest.fixture
def planned(tmp_path, collections):
    """Return what the run of an arm would train before stage 3, and its collections."""
    nih, covid = collections

    def plan(content, run, extra=None, leave_out=()):
        data = Collections(covid, nih, extra)
        machine = Machine(tmp_path, data, leave_out=leave_out)
        study = study_from(content, "study.yaml")
        stages = Noted(study, Layout(tmp_path / "out"), machine, TimeBudget(None))
        assert stages.train(run) is Outcome.DONE
        return study, data, stages.trained

    return plan


def images(options):
    names = ("image_folders", "exclude_manifests", "leave_out_images")
    return unlabelled_datalist(**{name: options[name] for name in names})


@pytest.mark.parametrize("fold", [0, 3])
@pytest.mark.parametrize("excludes", ["all", "fold"])
def test_no_patient_of_the_test_fold_is_learned_from(planned, fold, excludes):
    content = with_stage1(further=["external"], stage2_excludes=excludes)
    run = Run("pretrained", 1, fold)
    study, data, trained = planned(content, run)
    assert [config for config, _ in trained] == ["stage1_selfsupervised.yaml", "stage2_nih.yaml"]
    learned = {item["patient_id"] for item in images(trained[0][1])}
    frame = data.records.frame
    parts = {
        section: patients_in(frame[frame["image"].isin(images_of(study, data, run, section))])
        for section in ("training", "validation", "test")
    }
    assert not learned & (parts["test"] | parts["validation"])
    assert parts["training"] < learned
    kept = set(external_nih(data.nih, data.records).patients)
    assert kept
    assert not learned & kept
    assert any(patient.startswith("nih-") for patient in learned)
    assert trained[0][1]["seed"] == 1
    assert trained[0][1]["imagenet"] == "none"


def test_patients_renamed_in_the_collection_are_known_by_their_images(tmp_path, collections):
    nih, _ = collections
    lines = [f"{line.rsplit(',', 1)[0]},{line.rsplit(',', 1)[1]}," for line in three_classes(8, 1)]
    lines += [f"x{k}.png,normal,someone-{k},0000040{k}_000.png" for k in range(4)]
    covid = tmp_path / "covid"
    write_manifest(covid, lines, "image,label,patient_id,original_file")
    content, data = with_stage1(), Collections(covid, nih)
    tested = 0
    for fold in range(5):
        run, study = Run("pretrained", 0, fold), study_from(content, "study.yaml")
        stages = Noted(study, Layout(tmp_path / "out"), Machine(tmp_path, data), TimeBudget(None))
        stages.train(run)
        names = {item["name"] for item in images(stages.trained[0][1])}
        test = images_of(study, data, run, "test")
        for number in (k for k in range(4) if f"x{k}.png" in test):
            tested += 1
            assert f"0000040{number}_000.png" not in names
    assert tested == 4


def test_the_extra_collection_is_learned_from_only_where_stage_3_does(planned, tmp_path):
    lines = ["one.png,covid19,e-1", "copy.png,covid19,e-2"]
    extra = write_manifest(tmp_path / "extra", lines).parent
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("image_a,patient_id_a,image_b,patient_id_b\ncopy.png,e-2,tested.png,t\n")
    more = {"name": "more", "options": {"extra_manifests": ["extra"]}, "stage1": {}}
    names = {}
    for arm in ("pretrained", "more"):
        _, _, trained = planned(with_stage1(more), Run(arm, 0, 0), extra, (pairs,))
        names[arm] = {item["name"] for item in images(trained[0][1])}
    assert not names["pretrained"] & {"one.png", "copy.png"}
    assert names["more"] - names["pretrained"] == {"one.png"}


def test_stage_2_starts_from_the_backbone_and_needs_no_imagenet(planned, tmp_path):
    study, _, trained = planned(with_stage1(), Run("pretrained", 0, 0))
    start = Layout(tmp_path / "out").stage1(study, Run("pretrained", 0, 0)) / "model.pt"
    assert trained[1][1]["imagenet"] == str(start)
    alone = study_from(
        {**with_stage1(), "baseline": "b", "arms": [{"name": "b", "stage1": {}}]}, "s"
    )
    assert imagenet_files(alone, ["auto"]) == {}


def test_the_backbone_reaches_stage_3(tiny_network, study, tmp_path):
    # At this rate a step is smaller than the last digit of the weights.
    slow = {"learning_rate": 1e-8, "head_learning_rate": 1e-8}
    content = with_stage1(stage2={**SMALL["stage2"], "max_epochs": 1, "head_epochs": 1, **slow})
    content["options"] = {**SMALL["options"], "max_epochs": 1, **slow}
    assert study(content, "--arms", "pretrained")[0] == 0
    files = [*(tmp_path / "out").glob("stage[12]/*/model.pt")]
    files.append(tmp_path / "out/runs/pretrained/seed_0/fold_0/model.pt")
    first, *others = (torch.load(file, weights_only=True) for file in sorted(files))
    backbones = [
        {name: state[name] for name in state if not name.startswith((HEAD, MODEL_INFO))}
        for state in (first, *others)
    ]
    assert len(backbones) == 3
    for name in backbones[0]:
        for other in backbones[1:]:
            assert torch.equal(backbones[0][name], other[name]), name
