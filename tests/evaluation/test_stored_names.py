"""How classes are written reaches the report of a process that read neither label set nor model."""

import json

import pytest

from monai_covid.cli.main import main
from monai_covid.errors import InputError
from monai_covid.evaluation.stored_names import names_beside
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.prediction_tables import Columns, write_predictions_of_folder
from monai_covid.labels import display, display_name, label_set, register_display_names

LABELS = label_set.LabelSet(
    (label_set.Label("tb", "Tuberculosis of the lung"), label_set.Label("clear_lung", "clear lung"))
)


@pytest.fixture
def predicted(tmp_path, monkeypatch):
    """Predictions of a process that knew the label set; this one has forgotten it."""
    monkeypatch.setattr(display, "_FROM_FILES", {})
    register_display_names(LABELS)
    predictions = [
        Prediction(f"{number}.png", {"tb": part, "clear_lung": 1 - part})
        for number, part in enumerate((0.9, 0.2, 0.4, 0.1))
    ]
    rows = [f"{number}.png,{LABELS.names[number % 2]},p{number}" for number in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label,patient_id", *rows]) + "\n")
    file = write_predictions_of_folder(tmp_path / "predicted", predictions, Columns(LABELS.names))
    monkeypatch.setattr(display, "_FROM_FILES", {})
    return file


def evaluate(predictions, out, *more):
    words = ["evaluate", str(predictions), "--out", str(out), "--resamples", "40", "--quiet"]
    assert main([*words, *map(str, more)]) == 0
    return (out / "index.html").read_text(), (out / "metrics.txt").read_text()


def test_names_of_predictions_and_of_an_evaluation(predicted, tmp_path, monkeypatch):
    assert display_name("tb") == "tb"
    for text in evaluate(predicted, tmp_path / "first", "--labels", tmp_path / "labels.csv"):
        assert "Tuberculosis of the lung" in text
        assert "clear lung" in text
    monkeypatch.setattr(display, "_FROM_FILES", {})
    stored = tmp_path / "first" / "predictions.csv"
    assert all("Tuberculosis of the lung" in text for text in evaluate(stored, tmp_path / "second"))


def test_nothing_is_stored(tmp_path):
    assert names_beside(tmp_path / "predictions.csv") == {}
    (tmp_path / "predictions.json").write_text(json.dumps({"predictions": []}))
    assert names_beside(tmp_path / "predictions.csv") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not a JSON file"), ('{"display_names": {"tb": 1}}', "must be a text for each class")],
)
def test_a_damaged_file_is_named(tmp_path, text, message):
    (tmp_path / "predictions.json").write_text(text)
    with pytest.raises(InputError, match=rf"predictions\.json.*{message}"):
        names_beside(tmp_path / "predictions.csv")
