import json

import numpy as np
import pandas as pd
import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.errors import InputError
from monai_covid.evaluation.cross_validation import cross_validate
from monai_covid.evaluation.cross_validation_folder import (
    cross_validation_markdown,
    cross_validation_text,
    write_cross_validation,
)
from monai_covid.evaluation.report import evaluate_table
from tests.evaluation.tables import CLASSES, certain, single_label


def folds(count=3):
    return {k: single_label(n=60 + 20 * k, seed=k, prefix=f"{k}-") for k in range(count)}


@pytest.fixture(scope="module")
def report():
    return cross_validate(folds(), CLASSES, resamples=100)


def metric(report, name, label=None):
    (found,) = [m for m in report.metrics if (m.metric, m.label) == (name, label)]
    return found


@pytest.mark.parametrize(("name", "label"), [("accuracy", None), ("auc", "normal")])
def test_fold_values_mean_and_deviation(report, name, label):
    expected = [
        evaluate_table(table, CLASSES, resamples=40).row(name, label).value
        for table in folds().values()
    ]
    found = metric(report, name, label)
    assert found.fold_values == pytest.approx(expected)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.standard_deviation == pytest.approx(pd.Series(expected).std())


def test_pooled_is_the_evaluation_of_all_tables_together(report):
    together = pd.concat(folds().values(), ignore_index=True)
    expected = evaluate_table(together, CLASSES, resamples=100)
    assert report.pooled.rows == expected.rows
    assert metric(report, "accuracy").pooled == expected.row("accuracy")
    assert report.pooled.table["fold"].value_counts().to_dict() == {"0": 60, "1": 80, "2": 100}
    assert report.fold_images == (60, 80, 100)


def test_patient_in_two_folds_is_refused():
    tables = folds()
    tables[2].loc[0, "patient_id"] = tables[0].loc[0, "patient_id"]
    with pytest.raises(InputError, match=r"fold 2: patient '0-p\d+' is also in fold 0"):
        cross_validate(tables, CLASSES)


def test_image_in_two_folds_is_refused():
    tables = folds()
    tables[1].loc[0, "image"] = tables[0].loc[0, "image"]
    with pytest.raises(InputError, match=r"fold 1: image '0-0000\.png' is also in fold 0"):
        cross_validate(tables, CLASSES)


def test_bad_table_names_its_fold():
    tables = folds()
    tables[1].loc[4, "label"] = "flu"
    with pytest.raises(InputError, match="fold 1:6: label is 'flu'"):
        cross_validate(tables, CLASSES)
    with pytest.raises(ValueError, match="at least two folds"):
        cross_validate({0: tables[0]}, CLASSES)


def test_class_missing_from_a_fold():
    first = certain([0, 1, 2] * 4, [0, 1, 2] * 4)
    second = certain([0, 1] * 4, [0, 1] * 4).assign(
        image=lambda table: "x" + table["image"], patient_id=lambda table: "x" + table["patient_id"]
    )
    found = metric(cross_validate({"a": first, "b": second}, CLASSES), "recall", "normal")
    assert found.fold_values == (1.0, None)
    assert (found.mean, found.standard_deviation) == (1.0, None)


def test_folder(tmp_path, report):
    folder = write_cross_validation(report, tmp_path / "cv")
    assert {path.name for path in folder.iterdir()} == {
        "cross_validation.json",
        "cross_validation.csv",
        "cross_validation.md",
        "cross_validation.txt",
        "folds.png",
        "pooled",
    }
    assert (folder / "pooled" / "metrics.json").is_file()
    content = json.loads((folder / "cross_validation.json").read_text(encoding="utf-8"))
    assert content["notice"] == RESEARCH_USE_ONLY
    assert content["metrics"][0]["mean"] == metric(report, "accuracy").mean
    frame = pd.read_csv(folder / "cross_validation.csv")
    assert frame.loc[0, "fold_1"] == pytest.approx(metric(report, "accuracy").fold_values[1])
    with pytest.raises(FileExistsError, match="cross_validation"):
        write_cross_validation(report, folder)
    write_cross_validation(report, folder, overwrite=True)


def test_text_and_markdown(report):
    found = metric(report, "accuracy")
    cell = f"{found.mean:.3f} ± {found.standard_deviation:.3f}"
    for text in (cross_validation_text(report), cross_validation_markdown(report)):
        assert cell in text
        assert RESEARCH_USE_ONLY in text
        assert "3-fold cross-validation, 240 images" in text
    rows = [line for line in cross_validation_markdown(report).splitlines() if line[:1] == "|"]
    assert {row.count("|") for row in rows} == {7}


def hospitals():
    """Three hospitals; two share a patient."""
    tables = {f"Hospital {name}": table for name, table in folds().items()}
    tables["Hospital 2"].loc[0, "patient_id"] = tables["Hospital 0"].loc[0, "patient_id"]
    return tables


def test_folds_may_be_hospitals_that_share_a_patient(tmp_path):
    report = cross_validate(hospitals(), CLASSES, resamples=60, column="source")
    assert report.pooled.table["source"].unique().tolist() == [*hospitals()]
    text = cross_validation_text(report)
    assert text.startswith("3 hospitals (source), each held out in turn; 240 images")
    assert "Hospital 1" in text
    assert "Fold" not in text
    write_cross_validation(report, tmp_path / "out")
    content = json.loads((tmp_path / "out/hospitals.json").read_text())
    assert [each["hospital"] for each in content["by_image"]["hospitals"]] == [*hospitals()]
    page = (tmp_path / "out/index.html").read_text()
    assert "Held-out hospitals" in page
    assert "Hospital 1" in page


def test_an_image_in_two_hospitals_is_refused():
    tables = hospitals()
    tables["Hospital 1"].loc[0, "image"] = tables["Hospital 0"].loc[0, "image"]
    with pytest.raises(InputError, match=r"image .* is also in fold Hospital 0"):
        cross_validate(tables, CLASSES, column="source")
