"""``monai-covid predict`` names the images that a network is too unsure of."""

import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.calibration.record import UncertaintyCutoff
from tests.cli.predict.results import PROBABILITIES, calibrated, content, table

ANSWERED = ["a.png", "b.jpg", "c", "mirrored.png", "series/d.nii.gz"]


def cutoff(value, measure="max_probability"):
    return UncertaintyCutoff(measure, value, "coverage", 0.8, 0.8, 0.7, 0.9, 0.9, 0.8, 1, 0.85)


@pytest.fixture
def unsure_of(models, pictures, predict, tmp_path):
    """1 less the largest probability of the images that are answered, without a cut-off."""
    assert predict(pictures, model=[calibrated(models[0], tmp_path / "plain.pt", {})]) == 0
    found = table(tmp_path)
    assert {"uncertain", "uncertainty"}.isdisjoint(found.columns)
    return 1 - found.loc[ANSWERED, PROBABILITIES].astype(float).max(axis=1)


def test_images_beyond_the_cutoff_are_flagged_with_the_reason(
    predict, pictures, models, tmp_path, unsure_of, capsys, caplog
):
    caplog.set_level("INFO")
    limit = float(unsure_of.sort_values().iloc[1:3].mean())
    expected = sorted(unsure_of.index[unsure_of > limit])
    assert 0 < len(expected) < len(ANSWERED)
    model = calibrated(models[0], tmp_path / "model.pt", {}, cutoff(limit))
    capsys.readouterr()
    assert predict(pictures, "--overwrite", model=[model]) == 0
    found = table(tmp_path)
    assert sorted(found.index[found["uncertain"] != ""]) == expected
    assert (found.loc[ANSWERED, "uncertainty"].astype(float) - unsure_of).abs().max() < 1e-12
    assert (found.loc["turned.png", ["uncertain", "uncertainty"]] == "").all()
    rows = {row["image"]: row for row in content(tmp_path)["predictions"]}
    assert rows["turned.png"]["uncertain"] is rows["turned.png"]["uncertainty"] is None
    for name in ANSWERED:
        assert rows[name]["uncertain"] == [found.loc[name, "uncertain"]] * (name in expected)
    largest = 1 - unsure_of[expected[0]]
    words = f"its largest probability is {largest:.1%}, below {1 - limit:.1%}, where 20%"
    assert words in found.loc[expected[0], "uncertain"]
    assert f"uncertain: {found.loc[expected[0], 'uncertain']}" in capsys.readouterr().out
    assert f"{len(expected)} uncertain" in caplog.text


def test_an_image_at_the_cutoff_is_not_uncertain(predict, pictures, models, tmp_path, unsure_of):
    exactly = cutoff(float(unsure_of["a.png"]))
    model = calibrated(models[0], tmp_path / "model.pt", {}, exactly)
    assert predict(pictures / "a.png", "--overwrite", model=[model]) == 0
    assert table(tmp_path)["uncertain"].tolist() == [""]
    assert content(tmp_path)["predictions"][0]["uncertain"] == []


def test_ensembles_have_a_spread_and_no_flag(predict, pictures, models, tmp_path):
    all_unsure = calibrated(models[0], tmp_path / "model.pt", {}, cutoff(-1.0))
    assert predict(pictures / "a.png", model=[all_unsure, models[1]]) == 0
    found = table(tmp_path)
    assert {"mutual_information", "vote_entropy"} <= set(found.columns)
    assert {"uncertain", "uncertainty"}.isdisjoint(found.columns)


def test_a_notice_lies_beside_the_tables(predict, pictures, tmp_path):
    assert predict(pictures / "a.png") == 0
    notice = (tmp_path / "results/predictions.txt").read_text(encoding="utf-8")
    assert RESEARCH_USE_ONLY in notice
    for column in table(tmp_path).columns:
        assert column.split("_")[0] in notice
