"""What is audited, and what the model says of it."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.errors import InputError
from monai_covid.inference.classifier import Classifier

LABELS = ("normal", "pneumonia", "covid19")


@pytest.fixture
def records(tmp_path):
    """Six noisy images of three patients, two folds."""
    random = np.random.default_rng(0)
    rows = []
    for index in range(6):
        name = f"{index}.png"
        Image.fromarray(random.integers(0, 256, (40, 48), dtype=np.uint8)).save(tmp_path / name)
        rows.append((name, LABELS[index % 3], f"p{index // 2}", index // 4))
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "fold"])
    table.to_csv(tmp_path / "metadata.csv", index=False)
    return read_collection(tmp_path)


def test_without_a_fold_nothing_was_seen(records, tmp_path):
    assert len(Subject(records, tmp_path).unseen) == 6


def test_the_images_of_a_fold_are_unseen(records, tmp_path):
    subject = Subject(records, tmp_path, options=AuditOptions(fold=1))
    assert subject.unseen.frame["image"].tolist() == ["4.png", "5.png"]


def test_a_fold_that_is_not_there(records, tmp_path):
    subject = Subject(records, tmp_path, options=AuditOptions(fold=7))
    with pytest.raises(InputError, match="no image has fold 7; folds of this file: 0, 1"):
        subject.unseen  # noqa: B018


def test_the_images_of_a_hospital_are_unseen_whatever_the_column_fold_says(records, tmp_path):
    records.frame["source"] = ["west", "west", "west", "east", "east", "east"]
    records.frame["patient_id"] = [f"q{index}" for index in range(6)]
    options = AuditOptions(fold=1, hold_out_by="source")
    unseen = Subject(records, tmp_path, options=options).unseen
    assert unseen.frame["image"].tolist() == ["0.png", "1.png", "2.png"]


def test_without_a_model_there_is_none(records, tmp_path):
    with pytest.raises(ValueError, match="needs a model"):
        Subject(records, tmp_path).model  # noqa: B018


def test_predictions_are_those_of_the_model(records, tmp_path, model):
    classifier = Classifier(model)
    subject = Subject(records, tmp_path, classifier, options=AuditOptions(fold=1, batch_size=1))
    table = subject.predictions
    assert table["image"].tolist() == ["4.png", "5.png"]
    assert table["label"].tolist() == ["pneumonia", "covid19"]
    expected = list(classifier.predict(subject.unseen.paths.tolist(), assess=False))
    for row, one in zip(table.to_dict("records"), expected, strict=True):
        found = [row[f"probability_{label}"] for label in LABELS]
        assert found == pytest.approx([one.probabilities[label] for label in LABELS], abs=1e-6)


def test_unreadable_images_are_all_named(records, tmp_path, model):
    for name in ("1.png", "4.png"):
        (tmp_path / name).write_bytes(b"no image")
    with pytest.raises(InputError, match=r"2 problems") as caught:
        Subject(records, tmp_path, Classifier(model)).predictions  # noqa: B018
    assert "1.png" in str(caught.value)
    assert "4.png" in str(caught.value)
