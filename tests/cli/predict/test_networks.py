"""``monai-covid predict`` with ensembles, thresholds, several labels and heatmaps."""

import numpy as np
import pandas as pd
import torch
from scipy.stats import entropy

from monai_covid.cli.main import main
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.model_file import load_model, save_model
from monai_covid.preprocessing.suitability.assess import REASONS
from tests.cli.predict.results import (
    PROBABILITIES,
    SIZE,
    calibrated,
    content,
    random_network,
    table,
)
from tests.inference.chests import SUITABLE


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


def test_heatmaps_are_those_of_explain(predict, pictures, models, tmp_path):
    images = [pictures / "a.png", pictures / "turned.png"]
    chosen = ["--class", "normal", "--no-contrast", "--method", "grad-cam"]
    made, explained = tmp_path / "results/heatmaps", tmp_path / "x"
    model = ["--out", str(explained), "--model", str(models[0]), "--quiet"]
    for options in ([], chosen):
        assert predict(*images, "--heatmaps", "--overwrite", *options) == 0
        assert main(["explain", *map(str, images), *model, "--overwrite", *options]) == 0
        names = sorted(path.name for path in explained.iterdir())
        assert sorted(path.name for path in made.iterdir()) == names
        assert len(names) == 5
        for name in names:
            assert (made / name).read_bytes() == (explained / name).read_bytes()
        table = pd.read_csv(made / "heatmaps.csv", index_col="image", keep_default_na=False)
        assert table.loc[str(images[1]), "unsuitable"] == REASONS["turned_180"]
        assert table.loc[str(images[1]), "files"] == ""
    assert table.loc[str(images[0]), "explained"] == "normal"
    assert "a_normal_map.png" in names
