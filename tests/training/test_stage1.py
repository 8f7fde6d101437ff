"""Stage 1 as a whole: a run on images without labels, and what can be done with its backbone."""

import json

import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.models.model_file import load_model, read_backbone_info, read_model_info
from tests.data.collections_on_disk import write_manifest
from tests.training.stages import assert_same_end, curve, last, run_stage

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tiny_network")]

STAGE = "stage1_selfsupervised"
QUICK = {"image_size": 32, "batch_size": 8, "projector_width": 16, "warmup_epochs": 1}


@pytest.fixture
def pretrain(covid, tmp_path):
    """Run stage 1 on the pictures of the manifest; return its folder."""

    def run(name="one", **options):
        chosen = {**QUICK, "max_epochs": 2, "image_folders": [str(covid)], **options}
        run_stage(STAGE, None, tmp_path / name, **chosen)
        return tmp_path / name

    return run


def summary(run):
    return json.loads((run / "summary.json").read_text())


def backbone(file):
    state = torch.load(file, weights_only=True)
    return {name: tensor for name, tensor in state.items() if name.startswith("features.")}


def test_a_run_leaves_a_backbone_a_curve_and_a_summary(pretrain, covid):
    run = pretrain(image_folders=[str(covid), str(covid / "metadata.csv")])
    content = torch.load(run / "model.pt", weights_only=True)
    assert {name.split(".")[0] for name in content} == {"features", "model_info"}
    for name, tensor in backbone(run / "model.pt").items():
        assert torch.equal(tensor, last(run)["network"][name])
    rows = curve(run)
    assert [(row["epoch"], row["phase"]) for row in rows] == [("1", "all"), ("2", "all")]
    assert all(float(row["train_loss"]) > 0 and not row["validation_auc"] for row in rows)
    assert "seconds" in (run / "learning_curve.csv").read_text()
    assert any((run / "tensorboard").iterdir())
    found = summary(run)
    assert (found["finished"], found["epochs"], found["best_validation_auc"]) == (True, 2, None)
    assert found["settings"]["training_images"] == 24  # named twice, taken once
    assert found["settings"]["projector_width"] == 16
    assert found["model"]["image_size"] == 32
    info = read_backbone_info(run / "model.pt")
    assert (info.start, info.image_size, info.labels) == ("random", 32, ())


@pytest.mark.parametrize("options", [{}, {"ema_decay": 0.9, "precision": "bfloat16"}])
def test_an_interrupted_run_ends_as_a_whole_one(pretrain, options):
    whole = pretrain("whole", max_epochs=3, **options)
    for resume in (False, True, True):
        pieces = pretrain("pieces", max_epochs=3, resume=resume, minutes=0.0, **options)
    assert_same_end(whole, pieces)
    assert summary(whole) == summary(pieces)


def test_the_seed_decides(pretrain):
    first, again, other = (
        pretrain(name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert_same_end(first, again)
    assert curve(first) != curve(other)


@pytest.mark.parametrize("stage", ["stage2_nih", "stage3_covid"])
def test_the_next_stage_starts_from_the_backbone(pretrain, nih, covid, tmp_path, stage):
    file = pretrain() / "model.pt"
    # While the head trains alone the backbone stays as it came.
    options = {"max_epochs": 1, "head_epochs": 1, "batch_size": 8, "imagenet": str(file)}
    run_stage(stage, nih if stage == "stage2_nih" else covid, tmp_path / "next", **options)
    _, info = load_model(tmp_path / "next" / "model.pt")
    assert info.start == "self-supervised pretraining (from random)"
    expected, found = backbone(file), backbone(tmp_path / "next" / "model.pt")
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name


def test_stage_3_says_where_it_all_began(pretrain, nih, covid, tmp_path):
    options = {"max_epochs": 1, "head_epochs": 0, "imagenet": str(pretrain() / "model.pt")}
    run_stage("stage2_nih", nih, tmp_path / "two", **options)
    model = str(tmp_path / "two" / "model.pt")
    run_stage("stage3_covid", covid, tmp_path / "three", max_epochs=1, stage2_model=model)
    _, info = load_model(tmp_path / "three" / "model.pt")
    assert info.start == "stage 2 (from self-supervised pretraining (from random)), head keep"


def test_nothing_predicts_with_a_backbone(pretrain, covid, tmp_path):
    file = pretrain() / "model.pt"
    message = r"model\.pt: holds a backbone .* without output neurons; train stage 2, or stage 3 "
    for read in (read_model_info, load_model):
        with pytest.raises(WeightsError, match=message):
            read(file)
    with pytest.raises(SystemExit, match=message):
        run_stage("stage3_covid", covid, tmp_path / "three", stage2_model=str(file))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_folders": []}, "image_folders is empty"),
        (
            {"image_folders": ["/nowhere/at/all"]},
            "/nowhere/at/all: does not exist",
        ),
        ({"image_folders": "NIH"}, "--image_folders 'NIH': must be list"),
        ({"batch_size": 1}, "--batch_size 1: must be at least 2"),
        ({"batch_size": 500}, "fewer training images than batch_size"),
        ({"patience": 3}, "--patience is not an option"),
        ({"projector_width": 1}, "--projector_width 1: must be at least 2"),
        ({"imagenet": "absent.pth"}, r"absent\.pth: no such weights file"),
    ],
)
def test_bad_options(pretrain, tmp_path, options, message):
    with pytest.raises(SystemExit, match=rf"(?s)^error: .*{message}"):
        pretrain(**options)
    assert not (tmp_path / "one" / "summary.json").exists()


def test_patients_and_copies_are_left_out(pretrain, covid, tmp_path):
    lines = (covid / "metadata.csv").read_text().splitlines()
    excluded = write_manifest(tmp_path / "excluded", lines[1:4])
    run = pretrain(exclude_manifests=[str(excluded)])
    assert summary(run)["settings"]["training_images"] == 21
