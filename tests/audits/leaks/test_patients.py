"""Patients in two parts, under one or several spellings."""

from __future__ import annotations

import pytest

from monai_covid.audits.leaks.patients import shared_patients, spelling_key


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("nih-61", "NIH-000061"),
        ("P-07", "p7"),
        ("p_1-2", "P 01/02"),
        (" site A 3", "SITE-a-003"),
        ("\uff50\uff17", "p7"),
    ],
)
def test_spellings_of_one_id(one, two):
    assert spelling_key(one) == spelling_key(two)


@pytest.mark.parametrize(
    ("one", "two"), [("1-2", "12"), ("p1", "q1"), ("p10", "p1"), ("p0", "p"), ("?", "!")]
)
def test_different_ids(one, two):
    assert spelling_key(one) != spelling_key(two)


def records(records_of, phantoms, folder, patients, **columns):
    return records_of(
        folder,
        [phantoms[0]] * len(patients),
        patients=patients,
        labels=["normal"] * len(patients),
        **columns,
    )


def test_patient_in_two_folds_under_two_spellings(records_of, phantoms, tmp_path):
    own = records(
        records_of, phantoms, tmp_path, ["P-07", "p7", "p8", "p8"], fold=["0", "1", "1", "1"]
    )

    (found,) = shared_patients(own, "own", {})

    assert found == (("P-07", "p7"), ("fold 0", "fold 1"), 2, "id spelled differently", True)


def test_two_spellings_in_one_fold_are_no_leak(records_of, phantoms, tmp_path):
    own = records(records_of, phantoms, tmp_path, ["P-07", "p7"], fold=["1", "1"])

    assert [one.is_leak for one in shared_patients(own, "own", {})] == [False]


def test_nih_image_name_betrays_the_patient(records_of, phantoms, tmp_path):
    own = records(
        records_of,
        phantoms,
        tmp_path,
        ["a", "b"],
        split=["train", "test"],
        original_file=["00000061_000.png", "00000061_003.png"],
    )

    (found,) = shared_patients(own, "own", {})

    assert (found.basis, found.is_leak) == ("NIH image name", True)


def test_numbers_alone_are_no_proof_across_collections(records_of, phantoms, tmp_path):
    own = records(records_of, phantoms, tmp_path / "a", ["12", "nih-00061"])
    other = records(records_of, phantoms, tmp_path / "b", ["012", "NIH-61"])

    found = {one.spellings: one.is_leak for one in shared_patients(own, "own", {"other": other})}

    assert found == {("012", "12"): False, ("NIH-61", "nih-00061"): True}


def test_image_without_fold_is_in_none(records_of, phantoms, tmp_path):
    own = records(records_of, phantoms, tmp_path, ["a", "a"], fold=["0", ""])

    assert shared_patients(own, "own", {}) == []
