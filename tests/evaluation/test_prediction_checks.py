import numpy as np
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.prediction_checks import check_predictions
from tests.evaluation.tables import CLASSES, LABELS, multi_label, single_label


def problems(table, names=CLASSES):
    with pytest.raises(InputError) as caught:
        check_predictions(table, names, "file.csv")
    return [(problem.row, problem.message) for problem in caught.value.problems]


def changed(row, **values):
    table = single_label(n=20).astype({f"probability_{name}": object for name in CLASSES})
    for column, value in values.items():
        table.loc[row, column] = value
    return table


def test_sound_tables_pass():
    check_predictions(single_label(), CLASSES)
    check_predictions(single_label(), CLASSES[::-1])
    check_predictions(multi_label(), LABELS)


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, np.inf, "high", None])
def test_probability_outside_the_range(value):
    found = problems(changed(4, probability_covid19=value))
    assert len(found) == 1
    assert found[0][0] == 6
    assert "probability_covid19 is" in found[0][1]
    assert "[0, 1]" in found[0][1]


@pytest.mark.parametrize(("excess", "fails"), [(2e-4, True), (-2e-4, True), (5e-5, False)])
def test_sum_of_probabilities(excess, fails):
    table = single_label(n=20)
    table.loc[0, [f"probability_{name}" for name in CLASSES]] = [0.6 + excess, 0.3, 0.1]
    table.loc[0, "prediction"] = "covid19"
    if not fails:
        check_predictions(table, CLASSES)
        return
    assert problems(table) == [
        (2, f"the probabilities sum to {1 + excess:.6g}, must be 1 ± 0.0001")
    ]


def test_unknown_label_and_prediction():
    assert problems(changed(0, label="flu")) == [
        (2, "label is 'flu', must be one of covid19, pneumonia, normal")
    ]
    assert "prediction is 'flu'" in problems(changed(0, prediction="flu"))[0][1]


def test_prediction_that_is_not_the_most_probable():
    values = {
        f"probability_{name}": value for name, value in zip(CLASSES, (0.5, 0.3, 0.2), strict=True)
    }
    found = problems(changed(1, prediction="normal", **values))
    assert found == [(3, "prediction is 'normal', but 'covid19' has the highest probability")]


def test_equal_probabilities_leave_the_prediction_open():
    values = {
        f"probability_{name}": value for name, value in zip(CLASSES, (0.4, 0.4, 0.2), strict=True)
    }
    check_predictions(changed(1, prediction="pneumonia", **values), CLASSES)
    check_predictions(changed(1, prediction="covid19", **values), CLASSES)


def test_duplicates_and_empty_names():
    assert problems(changed(5, image="0002.png")) == [(7, "image '0002.png' is already in row 4")]
    assert problems(changed(5, patient_id="  ")) == [(7, "patient_id is empty")]


def test_missing_and_unknown_columns():
    assert (
        "missing column(s) patient_id" in problems(single_label().drop(columns="patient_id"))[0][1]
    )
    assert "unknown class(es) normal" in problems(single_label(), CLASSES[:2])[0][1]
    assert "probability_flu" in problems(single_label(), (*CLASSES, "flu"))[0][1]
    assert "no rows" in problems(single_label().iloc[:0])[0][1]
    assert "unique" in problems(single_label(), ("covid19", "covid19"))[0][1]


def test_targets_must_be_zero_or_one():
    table = multi_label()
    table.loc[7, "target_Mass"] = 2
    assert problems(table, LABELS) == [(9, "target_Mass is 2, must be 0 or 1")]


def test_all_problems_at_once_with_file_and_row():
    table = changed(1, label="flu", probability_normal=7)
    table.loc[3, "image"] = ""
    with pytest.raises(InputError) as caught:
        check_predictions(table, CLASSES, "file.csv")
    message = str(caught.value)
    assert "3 problems" in message
    for part in ("file.csv:3: label", "file.csv:3: probability_normal", "file.csv:5: image"):
        assert part in message
