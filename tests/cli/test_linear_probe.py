"""A linear head on a frozen network: a model file like any other, tested on held-out hospitals."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

import monai_covid
from monai_covid.cli.main import main
from monai_covid.labels import NIH_LABELS
from monai_covid.models.loading import read_state
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.linear_probe import balanced_weights

HOSPITALS, CLASSES, PATIENTS = ("North", "South", "West"), ("normal", "tb"), 5


@pytest.fixture
def collection(tmp_path):
    """Two classes in three hospitals: stripes one way or the other, and noise."""
    folder, random, rows = tmp_path / "tb", np.random.default_rng(0), []
    (folder / "images").mkdir(parents=True)
    for hospital in HOSPITALS:
        for label in CLASSES:
            for patient in range(PATIENTS):
                name = f"{hospital}_{label}_{patient}.png"
                stripes = np.indices((48, 48))[CLASSES.index(label)] % 6 < 3
                grey = 90 * stripes + random.integers(0, 120, (48, 48))
                Image.fromarray(grey.astype(np.uint8)).save(folder / "images" / name)
                rows.append((name, label, f"{hospital}{label}{patient}", hospital))
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "source"])
    table.to_csv(folder / "metadata.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A network of stage 2."""
    file = tmp_path_factory.mktemp("start") / "stage2.pt"
    seen = Preprocessing(grey="stretch")
    info = ModelInfo(labels=NIH_LABELS, image_size=32, multilabel=True, preprocessing=seen)
    torch.manual_seed(0)
    save_model(file, info.build().state_dict(), info)
    return file


@pytest.fixture
def call(collection, start, tmp_path):
    data = ["--data", str(collection), "--hold-out-by", "source", "--resamples", "40"]
    return ["linear-probe", *data, "--start", str(start), "--out", str(tmp_path / "out"), "--quiet"]


def test_a_model_like_any_other(call, collection, start, tmp_path, capsys):
    assert main(call) == 0
    printed = capsys.readouterr().out
    assert "3 hospitals (source), each held out in turn" in printed
    assert "fitted to all 30 images" in printed
    assert "stage2.pt was trained on these images. If it was, no hospital was held out" in printed
    network, info = load_model(tmp_path / "out/model.pt")
    assert (info.labels, info.multilabel, info.image_size) == (CLASSES, False, 32)
    assert info.preprocessing.grey == "stretch"
    assert info.start.endswith("frozen")
    before, after = (read_state(file) for file in (start, tmp_path / "out/model.pt"))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"class_layers.out.weight", "class_layers.out.bias", "model_info"}
    # What the head gets, without the hook that the product takes it with.
    image = preprocess_file(collection / "images/West_tb_0.png", 32, 1, info.preprocessing)[None]
    inputs = F.relu(network.features(image)).mean((2, 3))
    expected = network.class_layers.out(inputs).softmax(1)[0]
    model = monai_covid.load(tmp_path / "out/model.pt", device="cpu")
    path = collection / "images/West_tb_0.png"
    said = model.predict(path, keep_unsuitable=True)
    assert list(said.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-5)
    assert said.label == "tb"
    assert np.isfinite(model.explain(path, keep_unsuitable=True).values).all()


def test_each_hospital_is_answered_without_its_images(call, collection, tmp_path):
    """Labels of the held-out hospital may be anything: its answers stay as they are."""
    assert main(call) == 0
    table = pd.read_csv(collection / "metadata.csv")
    west = table["source"] == "West"
    table.loc[west, "label"] = np.roll(table.loc[west, "label"], 3)
    table.to_csv(collection / "metadata.csv", index=False)
    first = answers(tmp_path / "out")
    assert main([*call, "--overwrite"]) == 0
    second = answers(tmp_path / "out")
    held = [name for name in first.index if name.startswith("West")]
    pd.testing.assert_frame_equal(first.loc[held], second.loc[held])
    others = first.index.difference(held)
    assert (first.loc[others] - second.loc[others]).abs().to_numpy().max() > 1e-3
    report = json.loads((tmp_path / "out/cross_validation/hospitals.json").read_text())
    assert report["n_hospitals"] == len(HOSPITALS)


def test_the_column_that_is_held_out_by_is_balanced(call, collection, monkeypatch):
    table = pd.read_csv(collection / "metadata.csv").rename(columns={"source": "hospital"})
    table.to_csv(collection / "metadata.csv", index=False)
    seen = []

    def noted(groups):
        seen.append({hospital for _, hospital in groups})
        return balanced_weights(groups)

    monkeypatch.setattr("monai_covid.training.linear_probe.balanced_weights", noted)
    assert main(["hospital" if word == "source" else word for word in call]) == 0
    assert seen[-1] == set(HOSPITALS)


def answers(out):
    table = pd.read_csv(out / "cross_validation/pooled/predictions.csv", index_col="image")
    return table[[f"probability_{name}" for name in CLASSES]].sort_index()


def test_predictions_calibrate_the_model(call, tmp_path):
    assert main(call) == 0
    out = tmp_path / "out"
    predictions = str(out / "cross_validation/pooled/predictions.csv")
    given = ["--model", str(out / "model.pt"), "--predictions", predictions, "--resamples", "40"]
    held_out = ["--hold-out-by", "source", "--out", str(tmp_path / "calibrated.pt"), "--quiet"]
    assert main(["calibrate", *given, *held_out]) == 0
    assert load_model(tmp_path / "calibrated.pt")[1].temperature != 1.0


def test_a_network_of_stage_1_and_patients_as_folds(collection, tmp_path):
    info = ModelInfo(labels=(), image_size=64)
    backbone = tmp_path / "stage1.pt"
    torch.manual_seed(1)
    save_model(backbone, ModelInfo().build().state_dict(), info)
    call = ["linear-probe", "--data", str(collection), "--start", str(backbone), "--quiet"]
    sizes = ["--image-size", "32", "--grey", "local", "--resamples", "40"]
    assert main([*call, *sizes, "--out", str(tmp_path / "out")]) == 0
    network, made = load_model(tmp_path / "out/model.pt")
    assert (made.image_size, made.preprocessing.grey, made.labels) == (32, "local", CLASSES)
    before, after = read_state(backbone), network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name != "model_info")
    folds = json.loads((tmp_path / "out/cross_validation/cross_validation.json").read_text())
    assert (folds["folds"], sum(folds["fold_images"])) == (["0", "1", "2", "3", "4"], 30)


def test_classes_and_their_hospitals_weigh_the_same():
    counts = {(0, "a"): 6, (0, "b"): 2, (1, "a"): 4}
    groups = [group for group, number in counts.items() for _ in range(number)]
    weights = balanced_weights(groups)
    assert weights.mean() == pytest.approx(1)
    of = {
        group: sum(weight for weight, other in zip(weights, groups, strict=True) if other == group)
        for group in counts
    }
    assert of[0, "a"] == pytest.approx(of[0, "b"]) == pytest.approx(of[1, "a"] / 2)


def test_what_cannot_be_is_said(call, collection, tmp_path, capsys):
    assert main(call) == 0
    assert main(call) == 1
    assert "already has model.pt; --overwrite replaces it" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"images of which an image has one|an image has one"):
        main([*call, "--overwrite", "--classes", "chexpert"])
    (collection / "images/West_tb_0.png").write_bytes(b"not a picture")
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    with pytest.raises(SystemExit, match=r"West_tb_0\.png"):
        main([*call, "--overwrite"])
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before
    with pytest.raises(SystemExit, match=r"none\.pt"):
        main([*call, "--overwrite", "--start", str(tmp_path / "none.pt")])
