"""``monai-covid predict`` on every format, on what is no chest, and on unusable input."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import entropy

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.calibrated import Calibration, OperatingPoint
from monai_covid.checkpoints import ModelInfo, load_model, save_model
from monai_covid.cli import main
from monai_covid.inference import Classifier, EnsembleClassifier
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.networks import BLOCK_LAYERS
from monai_covid.suitability import CAUTIONS, REASONS
from tests.dicom.instances import PATIENT_NAME
from tests.inference.chests import (
    MIRRORED,
    NOISE,
    SUITABLE,
    UPSIDE_DOWN,
    write_spoilt,
    write_suitable,
)

SIZE = 32
PROBABILITIES = [f"probability_{label}" for label in COVID_LABELS]


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def models(small_network, tmp_path_factory):
    """Model files of three networks with random weights."""
    folder = tmp_path_factory.mktemp("models")
    return [random_network(folder / f"{seed}.pt", seed) for seed in range(3)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = write_suitable(tmp_path_factory.mktemp("pictures") / "images")
    return write_spoilt(folder)


def random_network(path, seed, **changed):
    info = ModelInfo(**{"image_size": SIZE, **changed})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_model(path, info.build().state_dict(), info)
    return path


@pytest.fixture
def predict(models, tmp_path):
    """Run the command into ``results``; return its exit status."""

    def run(*arguments, model=None):
        out = ["--out", str(tmp_path / "results")]
        files = map(str, model or models[:1])
        return main(["predict", *map(str, arguments), *out, "--quiet", "--model", *files])

    return run


def table(tmp_path):
    return pd.read_csv(
        tmp_path / "results/predictions.csv", index_col="image", keep_default_na=False
    )


def content(tmp_path):
    return json.loads((tmp_path / "results/predictions.json").read_text())


def test_chests_of_every_format_get_a_class_and_other_images_a_reason(
    predict, pictures, models, tmp_path, capsys, caplog
):
    caplog.set_level("INFO")
    assert predict(pictures) == 0
    found = table(tmp_path)
    assert list(found.columns) == [
        *("prediction", *PROBABILITIES),
        *("unsuitable", "cautions", "error"),
    ]
    assert set(found.index) == {*SUITABLE, *UPSIDE_DOWN, MIRRORED, "noise.png"}
    answered = [*SUITABLE, MIRRORED]
    for name, said in zip(
        answered, Classifier(models[0]).predict([pictures / name for name in answered]), strict=True
    ):
        expected = [said.probabilities[label] for label in COVID_LABELS]
        np.testing.assert_allclose(
            found.loc[name, PROBABILITIES].astype(float), expected, atol=1e-6
        )
        assert found.loc[name, "prediction"] == said.label
        assert found.loc[name, "unsuitable"] == ""
    for name in UPSIDE_DOWN:
        assert found.loc[name, "unsuitable"] == REASONS["turned_180"]
    assert found.loc["noise.png", "unsuitable"] == " ".join(NOISE)
    refused = found.drop(index=answered)
    assert (refused[["prediction", *PROBABILITIES]] == "").all(axis=None)
    assert (found["error"] == "").all()
    assert found.loc[MIRRORED, "cautions"] == CAUTIONS["mirrored"]
    assert "9 images, 0 of them unreadable, 4 not upright frontal" in caplog.text
    assert PATIENT_NAME not in caplog.text + capsys.readouterr().out


def test_json_says_the_same(predict, pictures, tmp_path):
    assert predict(pictures) == 0
    found, said = table(tmp_path), content(tmp_path)
    assert said["notice"] == RESEARCH_USE_ONLY
    assert [row["image"] for row in said["predictions"]] == list(found.index)
    for row in said["predictions"]:
        assert " ".join(row["unsuitable"]) == found.loc[row["image"], "unsuitable"]
        assert " ".join(row["cautions"]) == found.loc[row["image"], "cautions"]
        assert (row["prediction"] or "") == found.loc[row["image"], "prediction"]
        assert bool(row["probabilities"]) != bool(row["unsuitable"])
        assert row["error"] is None


def test_unsuitable_images_can_be_kept(predict, pictures, models, tmp_path):
    assert predict(pictures, "--keep-unsuitable") == 0
    found = table(tmp_path)
    assert found.loc["turned.png", "unsuitable"] == REASONS["turned_180"]
    said = next(Classifier(models[0]).predict([pictures / "turned.png"]))
    numbers = found.loc["turned.png", PROBABILITIES].astype(float)
    np.testing.assert_allclose(numbers, list(said.probabilities.values()), atol=1e-6)
    assert (found["prediction"] != "").all()


def test_printed_table_needs_no_folder(pictures, models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = [str(pictures / name) for name in ("a.png", "turned.png", MIRRORED)]
    assert main(["predict", *given, "--quiet", "--model", str(models[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["image", "class", "probability", "notes"]
    assert lines[1].startswith(given[0])
    said = next(Classifier(models[0]).predict([given[0]]))
    assert f"{said.probabilities[said.label]:.3f}" in lines[1]
    assert lines[2].endswith(f"-  unsuitable: {REASONS['turned_180']}")
    assert lines[3].endswith(f"caution: {CAUTIONS['mirrored']}")
    assert lines[-1] == RESEARCH_USE_ONLY
    assert list(tmp_path.iterdir()) == []


def test_ensemble_is_the_mean_of_its_members(predict, pictures, models, tmp_path):
    each = []
    for model in models:
        assert predict(pictures, "--overwrite", model=[model]) == 0
        each.append(table(tmp_path).loc[list(SUITABLE), PROBABILITIES].to_numpy(float))
    assert predict(pictures, "--overwrite", model=models) == 0
    found = table(tmp_path).loc[list(SUITABLE)]
    members = np.stack(each)
    np.testing.assert_allclose(found[PROBABILITIES].to_numpy(float), members.mean(0), atol=1e-6)
    votes = np.stack([(members.argmax(2) == k).mean(0) for k in range(3)], axis=1)
    assert len(set(members.argmax(2)[:, 0])) > 1
    np.testing.assert_allclose(found["vote_entropy"].astype(float), entropy(votes, axis=1))
    information = entropy(members.mean(0), axis=1) - entropy(members, axis=2).mean(0)
    np.testing.assert_allclose(
        found["mutual_information"].astype(float), information, rtol=1e-3, atol=1e-7
    )
    refused = table(tmp_path).loc["turned.png"]
    assert (refused[["vote_entropy", "mutual_information", "prediction"]] == "").all()
    rows = {row["image"]: row for row in content(tmp_path)["predictions"]}
    assert rows["turned.png"]["vote_entropy"] is None
    assert rows["a.png"]["vote_entropy"] == float(found.loc["a.png", "vote_entropy"])


def test_members_that_agree_have_a_plain_zero(models, tmp_path):
    network, info = load_model(models[0])
    save_model(tmp_path / "twin.pt", network.state_dict(), info)
    ensemble = EnsembleClassifier([models[0], tmp_path / "twin.pt"])
    spread = ensemble.answer(torch.rand(5, 1, SIZE, SIZE)).spread
    assert list(map(str, spread["vote_entropy"])) == ["0.0"] * 5
    assert all(0 <= value < 1e-12 for value in spread["mutual_information"])


def point(label, threshold):
    return OperatingPoint(label, 0.95, 0.95, threshold, 0.5, 0.4, 0.6, 80, 80, 59)


def calibrated(model, path, thresholds):
    network, info = load_model(model)
    points = tuple(point(label, value) for label, value in thresholds.items())
    calibration = Calibration("some", 200, 160, 1.0, 0.9, points)
    save_model(path, network.state_dict(), replace(info, temperature=2, calibration=calibration))
    return path


def test_classes_that_reach_their_threshold_are_named(predict, pictures, models, tmp_path, capsys):
    none = dict.fromkeys(COVID_LABELS)
    plain = calibrated(models[0], tmp_path / "plain.pt", none)
    assert predict(pictures, model=[plain]) == 0
    assert "above_threshold" not in table(tmp_path)
    exactly = float(table(tmp_path).loc["a.png", "probability_covid19"])
    above = float(table(tmp_path).loc["a.png", "probability_normal"]) + 1e-6
    thresholds = {"covid19": exactly, "pneumonia": None, "normal": above}
    model = calibrated(models[0], tmp_path / "model.pt", thresholds)
    capsys.readouterr()
    assert predict(pictures / "a.png", pictures / "turned.png", "--overwrite", model=[model]) == 0
    found = table(tmp_path)["above_threshold"]
    assert found.tolist() == ["covid19", ""]
    assert [row["above_threshold"] for row in content(tmp_path)["predictions"]] == [
        ["covid19"],
        None,
    ]
    assert "above threshold: COVID-19." in capsys.readouterr().out
    high = calibrated(models[0], tmp_path / "high.pt", {"covid19": 0.999})
    assert predict(pictures / "a.png", "--overwrite", model=[high]) == 0
    assert content(tmp_path)["predictions"][0]["above_threshold"] == []
    assert "above threshold: none." in capsys.readouterr().out


def test_several_labels_can_hold_or_none(predict, pictures, tmp_path, capsys):
    model = random_network(tmp_path / "nih.pt", 0, labels=NIH_LABELS, multilabel=True)
    assert predict(pictures / "a.png", model=[model]) == 0
    found = table(tmp_path).iloc[0]
    expected = [k for k in NIH_LABELS if float(found[f"probability_{k}"]) >= 0.5]
    assert len(expected) > 1
    assert found["prediction"] == "|".join(expected)
    printed = capsys.readouterr().out
    assert ", ".join(label.replace("_", " ") for label in expected) in printed


def test_an_unreadable_image_is_named_and_the_others_are_predicted(
    predict, tmp_path, caplog, capsys
):
    folder = write_suitable(tmp_path / "images")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    caplog.set_level("INFO")
    assert predict(folder) == 1
    found = table(tmp_path)
    assert "broken.png" in found.loc["broken.png", "error"]
    assert (found.loc["broken.png", ["prediction", "unsuitable", *PROBABILITIES]] == "").all()
    assert (found.drop(index="broken.png")["prediction"] != "").all()
    assert "broken.png" in caplog.text
    assert "5 images, 1 of them unreadable, 0 not" in caplog.text
    assert "error: " in capsys.readouterr().out


def test_heatmaps_are_those_of_explain(predict, pictures, models, tmp_path):
    assert predict(pictures / "a.png", pictures / "turned.png", "--heatmaps") == 0
    made = tmp_path / "results/heatmaps"
    model = ["--model", str(models[0]), "--quiet"]
    assert main(["explain", str(pictures / "a.png"), "--out", str(tmp_path / "x"), *model]) == 0
    expected = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert sorted(path.name for path in made.iterdir()) == expected
    assert len(expected) == 5
    tables = [pd.read_csv(folder / "heatmaps.csv") for folder in (made, tmp_path / "x")]
    # Networks round differently with other images in the batch.
    pd.testing.assert_frame_equal(*tables, rtol=1e-4)
    assert predict(pictures / "turned.png", "--heatmaps", "--overwrite") == 0
    assert {path.name for path in made.iterdir()} == {"heatmaps.csv", "README.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "0"], "--batch-size is 0; it must be at least 1"),
        (["nowhere.png"], r"nowhere\.png: no such file or folder"),
        (["--device", "gpu"], "gpu"),
    ],
)
def test_unusable_options_write_nothing(predict, pictures, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        predict(pictures / "a.png", *arguments)
    assert not (tmp_path / "results").exists()


def test_unusable_models_write_nothing(predict, pictures, models, tmp_path):
    for model, message in (
        ([tmp_path / "none.pt"], r"none\.pt: no such weights file"),
        ([models[0], models[0]], "two or more different model files"),
    ):
        with pytest.raises(SystemExit, match=message):
            predict(pictures / "a.png", model=model)
    with pytest.raises(SystemExit, match="explains one network, and --model names 3"):
        predict(pictures / "a.png", "--heatmaps", model=models)
    with pytest.raises(SystemExit, match="--heatmaps needs a folder; give one with --out"):
        main(["predict", str(pictures / "a.png"), "--heatmaps", "--model", str(models[0])])
    assert not (tmp_path / "results").exists()


def test_earlier_predictions_stay_unless_asked(predict, pictures, tmp_path):
    assert predict(pictures / "a.png") == 0
    before = (tmp_path / "results/predictions.csv").read_bytes()
    with pytest.raises(SystemExit, match="exists already; replace it with --overwrite"):
        predict(pictures / "b.jpg")
    assert (tmp_path / "results/predictions.csv").read_bytes() == before
    assert predict(pictures / "b.jpg", "--overwrite") == 0
    assert list(table(tmp_path).index) == [str(pictures / "b.jpg")]


def test_an_image_that_is_given_twice_is_predicted_once(predict, pictures, tmp_path):
    Image.open(pictures / "a.png").save(tmp_path / "e.png")
    assert predict(pictures / "a.png", pictures, tmp_path / "e.png") == 0
    assert len(table(tmp_path)) == 10
