"""Sections of stage 3 where folds are hospitals: no image and no patient of the tested one."""

import pytest

from monai_covid.data.datalists import STAGE2_SECTIONS, stage3_datalist
from monai_covid.errors import InputError, OptionError
from tests.data.collections_on_disk import write_manifest

HEADER = "image,label,patient_id,source,fold"
LABELS = ("covid19", "pneumonia", "normal")
HOSPITALS = ("B", "A", "C")


def lines(prefix, sources):
    """Three classes of twelve patients, each class in every hospital; folds are others."""
    return [
        f"{prefix}_{label}_{number}.png,{label},{prefix}-{label}-{number},"
        f"{sources[number % len(sources)]},{number % 4}"
        for label in LABELS
        for number in range(12)
    ]


@pytest.fixture(scope="module")
def main(tmp_path_factory):
    """A patient of A was in B too."""
    rows = [*lines("m", HOSPITALS), "again.png,normal,m-normal-1,B,1"]
    return write_manifest(tmp_path_factory.mktemp("main"), rows, HEADER)


def sections(main, fold, **options):
    return {
        name: stage3_datalist(main, name, fold=fold, hold_out_by="source", **options)
        for name in (*STAGE2_SECTIONS, "all")
    }


@pytest.mark.parametrize("fold", range(3))
def test_the_tested_hospital_is_seen_nowhere_else(main, fold):
    parts = sections(main, fold)
    hospital = sorted(HOSPITALS)[fold]
    assert {item["source"] for item in parts["test"]} == {hospital}
    tested = {item["patient_id"] for item in parts["test"]}
    for name in ("training", "validation"):
        assert {item["source"] for item in parts[name]} == {*HOSPITALS} - {hospital}
        assert not tested & {item["patient_id"] for item in parts[name]}
    seen = [{item["patient_id"] for item in parts[name]} for name in ("training", "validation")]
    assert not seen[0] & seen[1]
    # The one patient of two hospitals is lost where one of them is tested.
    assert len(parts["all"]) == sum(len(parts[name]) for name in STAGE2_SECTIONS)
    assert len(parts["all"]) == (36 if fold in (0, 1) else 37)


@pytest.mark.parametrize("fold", range(3))
def test_each_class_of_each_other_hospital_gives_validation_images(main, fold):
    found = {(item["source"], item["label"]) for item in sections(main, fold)["validation"]}
    others = {*HOSPITALS} - {sorted(HOSPITALS)[fold]}
    assert found == {(hospital, label) for hospital in others for label in range(3)}


def test_further_images_of_the_hospital_are_not_trained_on(main, tmp_path):
    extra = write_manifest(tmp_path, lines("x", ("B", "D")), HEADER)
    parts = sections(main, 1, extra_manifests=[extra])
    added = [item for item in parts["training"] if item["name"].startswith("x")]
    assert {item["source"] for item in added} == {"D"}
    assert len(added) == 18
    header = HEADER.replace("source", "ward")
    (tmp_path / "more").mkdir()
    nameless = write_manifest(tmp_path / "more", lines("y", ("B", "D")), header)
    with pytest.raises(InputError, match=r"metadata.csv:1: has no column 'source': is 'B', which"):
        sections(main, 1, extra_manifests=[nameless])


def test_what_cannot_be_held_out_is_refused(main, tmp_path):
    with pytest.raises(OptionError, match=r"fold must be one of 0 \(A\), 1 \(B\), 2 \(C\) in"):
        sections(main, 3)
    with pytest.raises(InputError, match="has no column 'hospital'"):
        stage3_datalist(main, "test", hold_out_by="hospital")
    rows = [line for line in lines("m", HOSPITALS) if ",pneumonia," not in line or ",C," in line]
    file = write_manifest(tmp_path, rows, HEADER)
    with pytest.raises(OptionError, match="'C' cannot be held out: no other hospital has pneumon"):
        sections(file, 2)
    assert sections(file, 0)["test"]
