"""From ``predict`` through labels to a report by group."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.cli.main import main
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, save_model
from tests.models.torchvision_densenet import randomise


@pytest.fixture
def collection(tmp_path):
    """Twelve images of four patients with labels, and a file that is no image."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    lines = ["image,label,patient_id,sex,age,hospital"]
    for number in range(12):
        pixels = generator.integers(0, 256, (40, 48), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        label = ("covid19", "pneumonia", "normal")[number % 3]
        lines.append(f"{number}.png,{label},p{number % 4},{'Fm'[number % 2]},{30 + number},north")
    (folder / "broken.png").write_bytes(b"no image")
    lines.append("broken.png,normal,p9,f,,south")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def predicted(collection, tmp_path, monkeypatch):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
    info, model = ModelInfo(image_size=32), tmp_path / "model.pt"
    save_model(model, randomise(info.build()).state_dict(), info)
    out = tmp_path / "predicted"
    line = ["predict", str(collection), "--model", str(model), "--out", str(out), "--quiet"]
    assert main([*line, "--keep-unsuitable"]) == 1
    return out / "predictions.csv"


def evaluate(*words):
    return main(["evaluate", *map(str, words), "--resamples", "40"])


def test_predictions_and_labels_make_a_report_by_group(predicted, tmp_path, capsys):
    labels, out = tmp_path / "labels.csv", tmp_path / "report"
    call = (predicted, "--labels", labels, "--by", "sex", "age", "hospital", "--out", out)
    capsys.readouterr()
    assert evaluate(*call) == 0
    printed = capsys.readouterr()
    first, second, sex, *_ = printed.out.splitlines()
    assert first.startswith("Balanced accuracy")
    assert first.endswith("in 12 images of 4 patients.")
    assert second == "1 more image without an answer, not in the figures: 1 unreadable."
    assert sex.startswith("By sex: ")
    assert "group/s" in printed.err
    groups = pd.read_csv(out / "groups.csv")
    assert set(groups.query("column == 'sex'")["group"]) == {"F", "M"}
    assert set(groups.query("column == 'age'")["group"]) == {"18-39", "40-59"}
    content = json.loads((out / "groups.json").read_text())["by"]
    assert [(group["group"], group["no_answer"]) for group in content["age"]] == [
        *(("18-39", 0), ("40-59", 0), ("not given", 1)),
    ]
    truth = pd.read_csv(labels).merge(pd.read_csv(predicted), on="image")
    women = truth[truth["sex"].isin(["F", "f"]) & truth["prediction"].notna()]
    expected = (women["label"] == women["prediction"]).mean()
    accuracy = groups.query("group == 'F' and metric == 'accuracy'")["value"].item()
    assert accuracy == pytest.approx(expected)


def test_a_report_stays_unless_asked(predicted, tmp_path, capsys):
    call = (predicted, "--labels", tmp_path / "labels.csv", "--out", tmp_path / "report", "--quiet")
    assert evaluate(*call) == 0
    assert evaluate(*call) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert evaluate(*call, "--overwrite") == 0


def test_without_labels_the_option_is_named(predicted, tmp_path):
    with pytest.raises(SystemExit, match=r"predictions\.csv: has no column label.*--labels"):
        evaluate(predicted, "--out", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_an_unknown_column_is_refused_before_anything_is_written(predicted, tmp_path):
    call = (predicted, "--labels", tmp_path / "labels.csv", "--out", tmp_path / "report")
    with pytest.raises(SystemExit, match=r"--by: no column ward; there are .*hospital"):
        evaluate(*call, "--by", "ward")
    assert not (tmp_path / "report").exists()


@pytest.fixture
def in_hospitals(predicted, tmp_path):
    """Labels with three hospitals, of which south has no COVID-19."""
    labels = pd.read_csv(tmp_path / "labels.csv")
    labels["source"] = ["north", "south", "west"] * 4 + ["south"]
    labels.loc[labels["label"] == "covid19", "source"] = "north"
    labels.to_csv(tmp_path / "labels.csv", index=False)
    return predicted, "--labels", tmp_path / "labels.csv", "--quiet"


def test_hospitals_are_reported_one_by_one_and_together(in_hospitals, tmp_path, capsys):
    assert evaluate(*in_hospitals, "--out", tmp_path / "report", "--hospitals") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("In 3 hospitals (source): balanced accuracy")
    assert "No COVID-19, no Normal: south." in printed
    assert "COVID-19 is in north alone: it says nothing of others." in printed
    content = json.loads((tmp_path / "report/hospitals.json").read_text())
    assert content["having"]["covid19"] == ["north"]
    by_patient, by_image = content["by_patient"], content["by_image"]
    assert [each["hospital"] for each in by_image["hospitals"]] == ["north", "south", "west"]
    assert by_patient["hospitals"][1]["lacks"] == ["covid19", "normal"]
    pooled = {(row["metric"], row["class"]): row for row in by_image["pooled"]}
    usual = pd.read_csv(tmp_path / "report/metrics.csv")
    expected = usual.query("metric == 'balanced_accuracy'")["value"].item()
    assert pooled["balanced_accuracy", None]["value"] == pytest.approx(expected)
    page = (tmp_path / "report/index.html").read_text()
    assert "Each hospital" in page
    assert "Hospitals weighing the same, over hospitals" in page
    assert "with so few hospitals it is rough" in page


def test_what_names_no_hospital_is_refused_with_its_row(in_hospitals, tmp_path):
    with pytest.raises(SystemExit, match=r"labels.csv:1: has no column 'clinic'"):
        evaluate(*in_hospitals, "--hospitals", "clinic")
    labels = pd.read_csv(tmp_path / "labels.csv").assign(hospital="")
    labels.to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(SystemExit, match=r"labels.csv:2: 'hospital' is empty in 13 rows; exp"):
        evaluate(*in_hospitals, "--hospitals", "hospital")
