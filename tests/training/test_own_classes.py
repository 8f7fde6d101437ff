"""Stage 3 for classes that are not those of the publication."""

import csv
import json

import pandas as pd
import pytest
import torch

import monai_covid
from monai_covid.cli.main import main
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.labels import shipped
from monai_covid.models.model_file import load_model, read_model_info
from monai_covid.models.transfer import get_head
from monai_covid.training.cross_validation import evaluate_stage
from tests.data.collections_on_disk import write_picture
from tests.training.stages import BUNDLE, run_stage, write_findings

pytestmark = pytest.mark.usefixtures("tiny_network")

LABELS = """
labels:
  - {name: healthy, display: Healthy, no_finding: true}
  - name: opacity
    display: Lung opacity
    code: {scheme: RADLEX, value: RID28530, meaning: opacity}
    kept_from: Consolidation
  - {name: fracture, display: Fracture}
"""


def write_table(folder, header, rows):
    folder.mkdir(parents=True, exist_ok=True)
    for seed, row in enumerate(rows):
        write_picture(folder / row[0], seed)
    with (folder / "metadata.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return folder


@pytest.fixture
def stage2(tmp_path):
    run_stage("stage2_nih", write_findings(tmp_path / "nih"), tmp_path / "stage2", max_epochs=2)
    return tmp_path / "stage2" / "model.pt"


def test_a_label_set_of_ones_own_travels_with_the_model(tmp_path, stage2):
    rows = [(f"{name}{n}.png", name, f"{name}{n}") for name in ("healthy", "opacity", "fracture")
            for n in range(8)]  # fmt: skip
    data = write_table(tmp_path / "data", ("image", "label", "patient_id"), rows)
    (tmp_path / "labels.yaml").write_text(LABELS)
    options = {"classes": str(tmp_path / "labels.yaml"), "stage2_model": str(stage2)}
    # A rate so small that the kept neurons can be told again.
    still = {"learning_rate": 1e-8, "head_learning_rate": 1e-8, "weight_decay": 0.0}
    run_stage("stage3_covid", data, tmp_path / "run", max_epochs=2, **options, **still)
    model = tmp_path / "run" / "model.pt"
    info = read_model_info(model)
    assert info.labels == ("healthy", "opacity", "fracture")
    assert info.classes["opacity"].code.value == "RID28530"
    assert info.classes["fracture"].code is None
    before, after = get_head(load_model(stage2)[0]).weight, get_head(load_model(model)[0]).weight
    names = shipped("nih").names
    for row, kept in ((0, "No Finding"), (1, "Consolidation")):
        torch.testing.assert_close(after[row], before[names.index(kept)], atol=1e-4, rtol=0)
    answer = monai_covid.load(model).predict(data / "opacity1.png", keep_unsuitable=True)
    assert set(answer.probabilities) == {"healthy", "opacity", "fracture"}


def test_labels_that_can_hold_at_once(tmp_path, stage2):
    rows = [(f"{n}.png", f"p{n}", n % 2, int(n % 3 == 0), -1 if n == 5 else 1) for n in range(24)]
    header = ("image", "patient_id", "Edema", "Mass", "foreign_body")
    data = write_table(tmp_path / "data", header, rows)
    run_stage("stage3_covid", data, tmp_path / "run", keep="Edema=Edema", stage2_model=str(stage2))
    info = read_model_info(tmp_path / "run" / "model.pt")
    assert (info.labels, info.multilabel) == (("Edema", "Mass", "foreign_body"), True)
    answer = monai_covid.load(tmp_path / "run" / "model.pt").predict(
        data / "3.png", keep_unsuitable=True
    )
    assert not 0.999 < sum(answer.probabilities.values()) < 1.001


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": "Edemma=opacity"}, "--keep: .* has no output 'Edemma'"),
        ({"keep": "Edema=opacty"}, "unknown target label 'opacty'; did you mean 'opacity'"),
        ({"keep": "Edema"}, "is no pair; write LABEL_OF_STAGE_2=CLASS"),
        ({"classes": "healthy,fracture"}, "unknown label 'opacity'"),
        ({"classes": "healthy,opacity,opacity"}, "repeated: opacity"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, stage2, options, message):
    rows = [(f"{n}.png", ("healthy", "opacity")[n % 2], f"p{n}") for n in range(16)]
    data = write_table(tmp_path / "data", ("image", "label", "patient_id"), rows)
    with pytest.raises(SystemExit, match=f"(?s){message}"):
        run_stage("stage3_covid", data, tmp_path / "run", stage2_model=str(stage2), **options)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def hospitals(tmp_path, real_data):
    """The tutorial's manifest of two hospitals, a fold each, with 15 images of each class."""
    source = real_data / "nlm_tb"
    table = pd.read_csv(source / "metadata.csv", dtype=str)
    table = table[table["label"].isin(["tuberculosis", "normal"])]
    table["fold"] = table["source"].map({"NLM Shenzhen": "0", "NLM Montgomery County": "1"})
    table = table.groupby(["label", "fold"]).head(15)
    folder = tmp_path / "NLM"
    folder.mkdir()
    (folder / "images").symlink_to(source / "images")
    table.to_csv(folder / "hospitals.csv", index=False)
    return folder / "hospitals.csv"


@pytest.mark.real_data
def test_the_tutorial_on_tuberculosis(tmp_path, hospitals):
    data = {"manifest": str(hospitals), "fold": 1}
    run_stage(
        "stage3_covid",
        hospitals.parent,
        tmp_path / "run",
        max_epochs=2,
        classes="tuberculosis",
        **data,
    )
    info = read_model_info(tmp_path / "run" / "model.pt")
    assert info.labels == shipped("tuberculosis").names
    assert info.classes["tuberculosis"].code.value == "56717001"
    folder = evaluate_stage(BUNDLE, tmp_path / "run", progress=False, resamples=40, **data)
    table = read_predictions(folder / "predictions.csv")
    assert len(table) == 30
    assert table["image"].str.startswith("MCUCXR").all()
    words = ["evaluate", folder / "predictions.csv", "--by", "source", "--labels", hospitals]
    assert main([*map(str, words), "--out", str(tmp_path / "report"), "--resamples", "40"]) == 0
    assert "NLM Montgomery County" in (tmp_path / "report" / "index.html").read_text()
    words = ["audit", "shortcuts", "--data", hospitals, "--out", tmp_path / "audit", "--quiet"]
    assert main([*map(str, words), "--resamples", "40"]) == 0
    audit = json.loads((tmp_path / "audit" / "audit.json").read_text())["audits"]["shortcuts"]
    classes = {row["class"] for row in audit["numbers"]["cues"]["border"]["metrics"]}
    assert classes == {None, "tuberculosis", "normal"}
    assert "Tuberculosis" in (tmp_path / "audit" / "index.html").read_text()


@pytest.mark.real_data
def test_folders_of_classes_as_they_lie(tmp_path, real_data):
    for name in ("train", "test"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(real_data / "kermany" / name)
    options = {"limit": 24, "patient_pattern": r"(?P<patient>person\d+|IM-\d+)"}
    run_stage("stage3_covid", tmp_path / "data", tmp_path / "run", max_epochs=2, **options)
    assert read_model_info(tmp_path / "run" / "model.pt").labels == ("NORMAL", "PNEUMONIA")
    data = {"dataset_dir": str(tmp_path / "data"), "resamples": 40, **options}
    folder = evaluate_stage(BUNDLE, tmp_path / "run", progress=False, **data)
    report = json.loads((folder / "metrics.json").read_text())
    assert not any("Patients unknown" in remark for remark in report["remarks"])
