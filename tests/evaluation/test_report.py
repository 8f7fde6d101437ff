import json

import numpy as np
import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.errors import InputError
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_text import (
    confusion_frame,
    metrics_frame,
    render_text,
    report_json,
    strict_json,
)
from tests.evaluation.tables import CLASSES, LABELS, certain, multi_label, single_label


def test_intervals_hold_their_values():
    report = evaluate_table(single_label(n=300), CLASSES)
    assert len(report.rows) == 5 + 3 * 5
    for row in report.rows:
        assert row.low < row.value < row.high
        assert row.resamples_used == 2000


def test_same_seed_same_report_and_other_seed_other_intervals():
    table = single_label()
    first = evaluate_table(table, CLASSES, seed=3)
    assert first.rows == evaluate_table(table, CLASSES, seed=3).rows
    other = evaluate_table(table, CLASSES, seed=4)
    assert first.row("accuracy").value == other.row("accuracy").value
    assert first.row("macro_auc").low != other.row("macro_auc").low


@pytest.mark.parametrize(("table", "names"), [(single_label(), CLASSES), (multi_label(), LABELS)])
def test_order_of_rows_changes_nothing(table, names):
    shuffled = table.sample(frac=1, random_state=1)
    first, second = evaluate_table(table, names), evaluate_table(shuffled, names)
    assert second.table.index.tolist() == list(range(len(table)))
    for row, other in zip(first.rows, second.rows, strict=True):
        assert (row.value, row.low, row.high) == pytest.approx(
            (other.value, other.low, other.high), abs=1e-12
        )


def test_order_of_classes_changes_no_value():
    table = single_label()
    first, second = evaluate_table(table, CLASSES), evaluate_table(table, CLASSES[::-1])
    for row in first.rows:
        other = second.row(row.metric, row.label)
        assert (row.value, row.low) == pytest.approx((other.value, other.low), abs=1e-12)


def test_support_and_sample_sizes():
    report = evaluate_table(certain([0, 0, 1, 2], [0, 1, 1, 2], list("aabc")), CLASSES)
    row = report.row("recall", "covid19")
    assert (row.value, row.support, row.n_images, row.n_patients) == (0.5, 2, 4, 3)
    assert report.row("accuracy").support == 4


def test_rare_classes_report_how_many_resamples_had_them():
    table = certain([0] * 20 + [1] * 20 + [2], [0] * 19 + [1] * 21 + [2])
    row = evaluate_table(table, CLASSES).row("auc", "normal")
    # A patient is missing from a resample with probability (1 - 1/n)^n.
    assert row.resamples_used / 2000 == pytest.approx(1 - (1 - 1 / 41) ** 41, abs=0.04)
    text = render_text(evaluate_table(table, CLASSES))
    assert "Defined in fewer resamples" in text
    assert f"AUC (one-vs-rest), Normal ({row.resamples_used:,})" in text


def test_stratified_draws_keep_rare_classes():
    table = certain([0] * 20 + [1] * 20 + [2], [0] * 19 + [1] * 21 + [2])
    report = evaluate_table(table, CLASSES, stratified=True)
    assert report.row("auc", "normal").resamples_used == 2000
    with pytest.raises(ValueError, match="multi-label"):
        evaluate_table(multi_label(), LABELS, stratified=True)


def test_absent_class_has_no_value():
    report = evaluate_table(certain([0, 1] * 10, [0, 1] * 9 + [2, 2]), CLASSES)
    row = report.row("recall", "normal")
    assert (row.value, row.low, row.high, row.support) == (None, None, None, 0)


def test_one_patient_has_no_interval():
    report = evaluate_table(certain([0, 1, 2], [0, 1, 1], list("aaa")), CLASSES)
    assert report.row("accuracy").value == pytest.approx(2 / 3)
    assert report.row("accuracy").low is None


def test_errors_name_the_source():
    table = single_label()
    table.loc[0, "label"] = "flu"
    with pytest.raises(InputError, match=r"fold1\.csv:2: label is 'flu'"):
        evaluate_table(table, CLASSES, source="fold1.csv")
    with pytest.raises(KeyError, match="accuracy/None"):
        evaluate_table(single_label(), CLASSES).row("kappa")


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (single_label(), CLASSES),
        (certain([0, 0], [0, 1]), CLASSES),
        (multi_label(empty=0), LABELS),
    ],
)
def test_json_is_strict_and_carries_the_notice(table, names):
    def refuse(literal):
        raise AssertionError(f"{literal} is not JSON")

    text = strict_json(report_json(evaluate_table(table, names, resamples=50)))
    content = json.loads(text, parse_constant=refuse)
    assert content["notice"] == RESEARCH_USE_ONLY == "Research use only. Not for diagnosis."
    assert content["interval"]["resamples"] == 50
    assert {row["class"] for row in content["metrics"]} == {None, *names}


def test_strict_json_refuses_not_a_number():
    with pytest.raises(ValueError, match="JSON compliant"):
        strict_json({"value": float("nan")})


def test_frames():
    report = evaluate_table(single_label(), CLASSES)
    frame = metrics_frame(report)
    assert list(frame.columns[:5]) == ["metric", "class", "value", "low", "high"]
    assert len(frame) == len(report.rows)
    counts = confusion_frame(report)
    assert counts.to_numpy().sum() == 120
    assert np.trace(counts.to_numpy()) / 120 == pytest.approx(report.row("accuracy").value)
    assert confusion_frame(evaluate_table(multi_label(), LABELS)) is None


def test_text_shows_values_and_the_notice():
    report = evaluate_table(single_label(), CLASSES)
    text = render_text(report)
    row = report.row("accuracy")
    assert f"{row.value:.3f}" in text
    assert f"{row.low:.3f} to {row.high:.3f}" in text
    assert "COVID-19" in text
    assert text.rstrip().endswith(RESEARCH_USE_ONLY)
    assert "interval of width 0" not in text


def test_intervals_without_width_are_explained():
    assert "it does not mean certainty" in render_text(
        evaluate_table(certain([0, 1, 2] * 5, [0, 1, 2] * 5), CLASSES)
    )


@pytest.mark.parametrize(
    ("every", "remark"),
    [
        (1, "Patients unknown: intervals by image."),
        (2, "Patients unknown for {half} of {all} images: intervals by image for these."),
    ],
)
def test_unknown_patients_are_said_in_every_form(every, remark):
    table = single_label()
    table["patient_id"] = [
        f"image:{image}" if row % every == 0 else patient
        for row, (image, patient) in enumerate(
            zip(table["image"], table["patient_id"], strict=True)
        )
    ]
    report = evaluate_table(table, CLASSES, 60)
    said = remark.format(half=-(-len(table) // 2), all=len(table))
    assert said in render_text(report).splitlines()
    assert said in report_json(report)["remarks"]
    known = evaluate_table(single_label(), CLASSES, 60)
    assert "unknown" not in render_text(known)
