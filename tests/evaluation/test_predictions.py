import numpy as np
import pandas as pd
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.predictions import (
    multiclass_table,
    multilabel_table,
    read_predictions,
    write_predictions,
)
from tests.evaluation.tables import CLASSES, LABELS, multi_label, single_label


def test_reading_gives_back_every_bit(tmp_path):
    table = single_label(n=500)
    write_predictions(table, tmp_path / "predictions.csv")
    again = read_predictions(tmp_path / "predictions.csv", CLASSES)
    for name in CLASSES:
        column = f"probability_{name}"
        assert again[column].to_numpy().tobytes() == table[column].to_numpy().tobytes()
    assert again["prediction"].tolist() == table["prediction"].tolist()
    assert list(again.columns) == list(table.columns)


def test_single_precision_survives_too(tmp_path):
    table = single_label()
    columns = [f"probability_{name}" for name in CLASSES]
    table[columns] = table[columns].astype(np.float32)
    write_predictions(table, tmp_path / "p.csv")
    again = read_predictions(tmp_path / "p.csv")
    assert np.array_equal(again[columns].to_numpy(np.float32), table[columns].to_numpy())


def test_multi_label_round_trip(tmp_path):
    table = multi_label()
    write_predictions(table, tmp_path / "p.csv")
    pd.testing.assert_frame_equal(
        read_predictions(tmp_path / "p.csv", LABELS), table, check_dtype=False
    )


def test_text_columns_stay_text(tmp_path):
    table = multiclass_table(
        ["001", "NA"], ["007", "null"], [0, 1], [[0.9, 0.1], [0.2, 0.8]], ["NA", "1"]
    )
    write_predictions(table, tmp_path / "p.csv")
    again = read_predictions(tmp_path / "p.csv")
    assert again["image"].tolist() == ["001", "NA"]
    assert again["patient_id"].tolist() == ["007", "null"]
    assert again["label"].tolist() == ["NA", "1"]


def test_missing_prediction_is_added_and_other_columns_are_kept(tmp_path):
    table = single_label().assign(hospital="A", score=np.arange(120) / 7)
    table.drop(columns="prediction").to_csv(tmp_path / "p.csv", index=False)
    again = read_predictions(tmp_path / "p.csv")
    assert again["prediction"].tolist() == table["prediction"].tolist()
    assert again["score"].tolist() == table["score"].tolist()
    assert set(again["hospital"]) == {"A"}


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "p.csv"
    write_predictions(single_label(), path)
    before = path.read_bytes()
    broken = single_label()
    broken.loc[3, "probability_normal"] = np.nan
    with pytest.raises(InputError, match="probability_normal"):
        write_predictions(broken, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.csv"]


def test_builders_name_wrong_shapes_and_labels():
    with pytest.raises(ValueError, match=r"shape \(2, 3\), got \(2, 2\)"):
        multiclass_table(["a", "b"], ["p", "q"], [0, 1], np.full((2, 2), 0.5), CLASSES)
    with pytest.raises(ValueError, match=r"values outside: \[3\]"):
        multiclass_table(["a"], ["p"], [3], [[1, 0, 0]], CLASSES)
    with pytest.raises(ValueError, match="dtype float"):
        multiclass_table(["a"], ["p"], [0.5], [[1, 0, 0]], CLASSES)
    with pytest.raises(ValueError, match="1 images but 2 patient_ids"):
        multilabel_table(["a"], ["p", "q"], [[1]], [[0.5]], ["Mass"])
    with pytest.raises(InputError, match=r"target_Mass is 0\.5, must be 0 or 1"):
        multilabel_table(["a"], ["p"], [[0.5]], [[0.5]], ["Mass"])


@pytest.mark.parametrize("text", ["", "image,patient_id\n", 'image\n"a,b\nc'])
def test_unreadable_files_are_named(tmp_path, text):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.csv"):
        read_predictions(path)


def test_rows_longer_than_the_header_are_refused(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("image,patient_id,label,probability_a\na,p,a,1,9\nb,q,a,1,9\n")
    with pytest.raises(InputError, match="more fields than the header"):
        read_predictions(path)
