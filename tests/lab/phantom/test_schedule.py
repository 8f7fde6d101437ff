from collections import Counter, defaultdict

import pytest

from monai_covid.lab.phantom.schedule import CovidRow, assign_folds, plan_covid, plan_nih
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS

COUNTS = {"covid19": 60, "pneumonia": 100, "normal": 100}


def test_the_first_rows_do_not_depend_on_the_number_of_rows():
    assert plan_nih(1, 300)[:120] == plan_nih(1, 120)
    few, many = (plan_covid(1, dict.fromkeys(COVID_LABELS, count), [], 0.0) for count in (20, 50))
    for label in COVID_LABELS:
        assert [r for r in few if r.label == label] == [r for r in many if r.label == label][:20]


def test_every_block_of_nih_images_holds_every_finding():
    rows = plan_nih(2, 96)
    for start in range(0, 96, 24):
        block = rows[start : start + 24]
        assert {name for row in block for name in row.findings} == set(NIH_FINDINGS)
        assert sum(not row.findings for row in block) == 9
    assert any(len(row.findings) > 1 for row in rows)


def test_nih_patients_have_consecutive_follow_ups_and_one_list():
    rows = plan_nih(3, 400)
    visits = defaultdict(list)
    for row in rows:
        visits[row.patient].append(row)
    assert all([r.follow_up for r in v] == list(range(len(v))) for v in visits.values())
    assert max(len(v) for v in visits.values()) >= 4
    assert all(len({r.is_test for r in v}) == 1 for v in visits.values())
    assert 0.08 < sum(row.is_test for row in rows) / 400 < 0.35
    assert rows[0].image == "00000001_000.png"


@pytest.mark.parametrize("seed", range(5))
def test_two_images_are_enough_for_both_lists(seed):
    assert [row.is_test for row in plan_nih(seed, 2)] == [False, True]


def test_covid_rows_have_the_counts_and_different_images_asked_for():
    rows = plan_covid(4, COUNTS, plan_nih(4, 300), 0.25)
    assert Counter(row.label for row in rows) == COUNTS
    assert len({row.image for row in rows}) == len(rows)
    assert len({row.patient for row in rows}) < len(rows)


def test_patients_are_shared_with_the_nih_phantom_under_the_same_names():
    nih = {row.image: row for row in plan_nih(4, 300)}
    shared = [row for row in plan_covid(4, COUNTS, list(nih.values()), 0.25) if row.shared]
    assert {row.label for row in shared} == {"pneumonia", "normal"}
    for row in shared:
        assert row.patient_id == f"nih-{nih[row.image].patient:05d}"
        assert nih[row.image].findings == (("Pneumonia",) if row.label == "pneumonia" else ())
    assert sum(row.label == "normal" for row in shared) == 25
    left = {row.patient for row in nih.values()} - {row.patient for row in shared}
    assert len(left) >= len({row.patient for row in nih.values()}) / 2


def test_without_sharing_no_patient_is_in_both():
    rows = plan_covid(4, COUNTS, plan_nih(4, 300), 0.0)
    assert not any(row.shared or row.patient_id.startswith("nih-") for row in rows)


def test_folds_are_patient_wise_and_stratified():
    rows = plan_covid(4, COUNTS, plan_nih(4, 600), 0.5)
    folds = assign_folds(rows)
    assert set(folds) == {row.patient for row in rows}
    for label, count in COUNTS.items():
        spread = Counter(folds[row.patient] for row in rows if row.label == label)
        assert set(spread) == set(range(5))
        assert max(spread.values()) - min(spread.values()) <= 4
        assert sum(spread.values()) == count


def test_a_patient_of_two_classes_keeps_the_fold_of_the_first():
    """Moving patients 3 and 1 for the second class would put two of the first class together."""
    rows = [CovidRow("pneumonia", number, number, None) for number in (1, 2, 3, 4, 5)]
    rows += [CovidRow("normal", number + 10, number, None) for number in (3, 1, 6)]
    folds = assign_folds(rows)
    assert sorted(folds[number] for number in (1, 2, 3, 4, 5)) == [0, 1, 2, 3, 4]
    assert folds[6] not in {folds[3], folds[1]}
