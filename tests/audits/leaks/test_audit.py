"""The audit of leaks: planted leaks are found, a clean phantom is left alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.leaks.audit import audit
from monai_covid.audits.leaks.candidates import find_candidates
from monai_covid.audits.leaks.image_set import read_image_set
from monai_covid.audits.leaks.pairs import Collection, Kind, compare
from monai_covid.audits.leaks.search import search
from monai_covid.audits.leaks.trial import COPIES
from monai_covid.audits.subject import Subject
from monai_covid.errors import InputError

FOUR = {
    "patients": ["p1", "p2", "p3", "p4"],
    "labels": ["covid19", "pneumonia", "normal", "normal"],
}


def test_clean_phantom_passes(phantoms, records_of, tmp_path):
    records = records_of(tmp_path / "data", phantoms[:4], **FOUR, fold=["0", "0", "1", "1"])

    finding = audit(Subject(records, tmp_path))

    assert finding.verdict is Verdict.PASSED
    assert finding.numbers["leaking_pairs"] == finding.numbers["remarked_pairs"] == 0
    assert finding.numbers["highest_random_score"] < 0.65
    made = finding.numbers["planted_copies"].values()
    assert [one["found"] for one in made] == [one["made"] for one in made]
    json.dumps(dict(finding.numbers))


def test_mirrored_copy_in_another_fold_is_a_problem(phantoms, records_of, tmp_path):
    images = [*phantoms[:3], phantoms[0][:, ::-1]]
    records = records_of(tmp_path / "data", images, **FOUR, fold=["0", "0", "1", "1"])

    finding = audit(Subject(records, tmp_path))

    assert finding.verdict is Verdict.PROBLEM
    assert finding.numbers["leaking_pairs_by_kind"] == {
        "same_file": 0,
        "same_pixels": 0,
        "near": 1,
    }
    assert "image" not in finding.summary.replace("images", "")
    row = pd.read_csv(tmp_path / "pairs.csv").iloc[0]
    assert (row["image_a"], row["image_b"]) == ("image0.png", "image3.png")
    assert (row["part_a"], row["part_b"]) == ("fold 0", "fold 1")
    assert row["orientation"] == "mirrored"
    assert (tmp_path / "leaks.png").is_file()
    assert (tmp_path / "scores.png").is_file()


@pytest.mark.parametrize("kind", COPIES)
def test_every_kind_of_copy_is_found_outside(kind, phantoms, records_of, tmp_path):
    own = records_of(tmp_path / "a", phantoms[:4], **FOUR)
    altered = COPIES[kind](phantoms[2])
    images = [phantoms[4], altered, phantoms[5], phantoms[6]]
    other = records_of(tmp_path / "b", images, **FOUR | {"patients": ["q1", "q2", "q3", "q4"]})

    found = search(Subject(own, tmp_path, external={"other": other})).pairs

    leaks = [(pair.first, pair.second, pair.other.name) for pair in found if pair.is_leak]
    assert leaks == [(2, 1, "other")]


def test_identical_files_and_pixels_are_distinguished(phantoms, records_of, tmp_path):
    records = records_of(tmp_path / "data", [phantoms[0]] * 4, **FOUR)
    from PIL import Image

    second = tmp_path / "data" / "image1.png"
    Image.open(second).save(second, compress_level=0)
    own = Collection("own", records, read_image_set(records))
    pairs = compare(own, own, find_candidates(own.image_set))

    kinds = {(pair.first, pair.second): pair.kind for pair in pairs}
    assert kinds[0, 1] == kinds[1, 2] == kinds[1, 3] == Kind.SAME_PIXELS
    assert kinds[0, 2] == kinds[0, 3] == kinds[2, 3] == Kind.SAME_FILE


def test_copies_inside_one_part_are_remarks(phantoms, records_of, tmp_path):
    images = [phantoms[0], phantoms[0], phantoms[1], phantoms[1]]
    same = {"patients": ["p1", "p1", "p2", "p3"], "labels": ["normal"] * 4}
    records = records_of(tmp_path / "data", images, **same, fold=["0"] * 4)

    found = search(Subject(records, tmp_path)).pairs

    assert not any(pair.is_leak for pair in found)
    # The copy under the same patient and label is no news.
    assert [(pair.first, pair.second) for pair in found if pair.is_remark] == [(2, 3)]


def test_flat_images_are_only_compared_by_their_pixels(phantoms, records_of, tmp_path):
    flat = np.full((64, 64), 9.0)
    images = [flat, flat, flat + 90, phantoms[0]]
    records = records_of(tmp_path / "data", images, **FOUR, fold=["0", "1", "1", "1"])

    found = search(Subject(records, tmp_path)).pairs

    assert [(pair.first, pair.second) for pair in found if pair.is_leak] == [(0, 1)]


def test_unreadable_images_are_all_named(phantoms, records_of, tmp_path):
    records = records_of(tmp_path / "data", phantoms[:4], **FOUR)
    for number in (1, 3):
        (tmp_path / "data" / f"image{number}.png").write_bytes(b"no picture")

    with pytest.raises(InputError) as caught:
        read_image_set(records)

    assert [problem.row for problem in caught.value.problems] == [3, 5]


def test_without_splits_and_externals_it_is_inconclusive(phantoms, records_of, tmp_path):
    records = records_of(tmp_path / "data", phantoms[:4], **FOUR)

    assert audit(Subject(records, tmp_path)).verdict is Verdict.INCONCLUSIVE
