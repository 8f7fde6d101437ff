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
