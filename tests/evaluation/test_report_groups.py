"""Metrics by group are those of the group alone."""

import json

import numpy as np
import pandas as pd
import pytest

from monai_covid.errors import OptionError
from monai_covid.evaluation.labelled import NO_ANSWER, REJECTED, UNREADABLE, LabelledPredictions
from monai_covid.evaluation.predictions import multiclass_table
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_groups import (
    evaluate_groups,
    findings,
    groups_text,
    write_labelled_report,
)

NAMES = ("covid19", "normal")


def as_it_is(column, text):
    return text or "not given"


@pytest.fixture
def labelled():
    generator = np.random.default_rng(0)
    size = 60
    truth = generator.integers(0, 2, size)
    chance = np.clip(truth * 0.4 + generator.uniform(0, 0.6, size), 0, 1)
    images = [f"{k}.png" for k in range(size)]
    patients = [f"p{k // 2}" for k in range(size)]
    table = multiclass_table(images, patients, truth, np.column_stack([1 - chance, chance]), NAMES)
    table["sex"] = ["F" if k % 3 else "M" for k in range(size)]
    table["source"] = np.where(truth == 1, "one", "other")
    table["fold"] = [float("nan"), *[float(k % 2) for k in range(1, size)]]
    unanswered = pd.DataFrame(
        {
            "image": ["a.png", "b.png", "c.png"],
            "sex": ["F", "F", "D"],
            "source": ["one", "one", "other"],
            "fold": [0.0, 0.0, 1.0],
            NO_ANSWER: [UNREADABLE, REJECTED, REJECTED],
        }
    )
    return LabelledPredictions(table, unanswered, 2)


@pytest.fixture
def report(labelled):
    return evaluate_table(labelled.table, NAMES, 60, 1)


def test_each_group_is_evaluated_alone(labelled, report):
    groups = evaluate_groups(labelled, report, ["sex", "fold"], as_it_is)
    assert [(group.column, group.name, group.no_answer) for group in groups] == [
        *(("sex", "D", 1), ("sex", "F", 2), ("sex", "M", 0)),
        *(("fold", "0", 2), ("fold", "1", 1), ("fold", "not given", 0)),
    ]
    for group in groups[1:3]:
        alone = labelled.table[labelled.table["sex"] == group.name]
        assert group.report.rows == evaluate_table(alone, NAMES, 60, 1).rows
    assert groups[0].report is None
    assert groups[5].report.n_images == 1


def test_the_findings_come_first(labelled, report):
    groups = evaluate_groups(labelled, report, ["sex", "source"], as_it_is)
    first, unanswered, unpredicted, sex, source = findings(labelled, report, groups)
    assert first.startswith("Balanced accuracy 0.")
    assert first.endswith(" in 60 images of 30 patients.")
    assert unanswered == (
        "3 more images without an answer, not in the figures: "
        "2 not upright frontal chest radiographs, 1 unreadable."
    )
    assert unpredicted == "2 labelled images without a prediction."
    values = {group.name: group.headline.value for group in groups if group.report}
    low, high = sorted("FM", key=values.get)
    assert sex.startswith(f"By sex: balanced accuracy from {values[low]:.3f} (")
    assert f" in {low} to {values[high]:.3f} (" in sex
    assert "fewer than two groups have images of all classes" in source


def test_a_group_without_all_classes_says_so(labelled, report):
    groups = evaluate_groups(labelled, report, ["source"], as_it_is)
    text = groups_text(groups)
    assert "no images of COVID-19" in text
    assert "no images of Normal" in text
    assert groups_text([]) == ""


def test_columns_that_make_no_groups_are_refused(labelled, report):
    with pytest.raises(OptionError, match=r"no column age; there are sex, source, fold"):
        evaluate_groups(labelled, report, ["age"], as_it_is)
    with pytest.raises(OptionError, match="no column label"):
        evaluate_groups(labelled, report, ["label"], as_it_is)
    labelled.table["date"] = range(60)
    labelled.unanswered["date"] = range(3)
    with pytest.raises(OptionError, match=r"--by date: 60 groups, such as 0, 1, 10; at most 20"):
        evaluate_groups(labelled, report, ["date"], as_it_is)


def test_the_report_has_groups_and_missing_answers(labelled, report, tmp_path):
    groups = evaluate_groups(labelled, report, ["sex"], as_it_is)
    write_labelled_report(tmp_path / "report", labelled, report, groups)
    table = pd.read_csv(tmp_path / "report/groups.csv")
    row = table.query("group == 'F' and metric == 'recall' and `class` == 'normal'").iloc[0]
    expected = groups[1].report.row("recall", "normal")
    assert row[["value", "low", "high"]].tolist() == [expected.value, expected.low, expected.high]
    assert row["no_answer"] == 2
    content = json.loads((tmp_path / "report/groups.json").read_text())
    assert content["notice"].startswith("Research use only")
    assert [group["group"] for group in content["by"]["sex"]] == ["D", "F", "M"]
    assert content["by"]["sex"][0] == {"group": "D", "no_answer": 1, "metrics": []}
    assert len(content["by"]["sex"][1]["metrics"]) == len(groups[1].report.rows)
    missing = pd.read_csv(tmp_path / "report/no_answer.csv")
    assert missing["image"].tolist() == ["a.png", "b.png", "c.png"]
    remarks = json.loads((tmp_path / "report/metrics.json").read_text())["remarks"]
    assert "3 more images without an answer" in remarks[0]
    page = (tmp_path / "report/index.html").read_text()
    assert "By sex: balanced accuracy from" in page
    assert "Research use only" in page
    assert "Sensitivity, COVID-19" in page
