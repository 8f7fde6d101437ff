import dataclasses
import json

import numpy as np
import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.run import run_audits
from monai_covid.audits.shortcuts.audit import audit
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.images import read_image
from tests.audits.shortcuts.conftest import (
    PlaceReader,
    TrueFinder,
    frame_of_image,
    subject_of,
    true_lungs,
)

pytestmark = pytest.mark.slow

FEW = 5
"""Patients of a class, enough here: the planted shortcuts are far from chance."""


def metric(numbers, name, label=None):
    (row,) = [r for r in numbers["metrics"] if (r["metric"], r["class"]) == (name, label)]
    return row


def finder_of(records, clean):
    return TrueFinder(records, true_lungs(clean))


def test_phantom_without_shortcuts_passes(clean, tmp_path):
    finding = audit(subject_of(clean, tmp_path))
    assert finding.verdict is Verdict.PASSED
    assert finding.numbers["telling_cues"] == {}
    assert (
        "No class could be predicted from aspect ratio, file format and border" in finding.summary
    )
    chance = finding.numbers["cues"]["aspect"]["balanced_accuracy_by_permutation"]
    assert chance["mean"] == pytest.approx(1 / 3, abs=0.02)


def test_shape_that_tells_the_class_is_caught(shape_folder, tmp_path):
    finding = audit(subject_of(read_collection(shape_folder), tmp_path), least_patients=FEW)
    assert finding.verdict is Verdict.PROBLEM
    assert "this may be a false alarm" not in finding.summary
    assert "the aspect ratio alone predicts COVID-19 (AUC 1.00" in finding.summary
    aspect = finding.numbers["cues"]["aspect"]
    assert metric(aspect, "accuracy")["value"] == 1.0
    assert aspect["balanced_accuracy_by_permutation"]["p_value"] < 0.01


def test_few_patients_are_no_problem_but_inconclusive(shape_folder, tmp_path):
    finding = audit(subject_of(read_collection(shape_folder), tmp_path))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "the aspect ratio alone predicts COVID-19 (AUC 1.00" in finding.summary
    few = "Fewer than 30 patients with COVID-19, Pneumonia and Normal: with so few"
    assert few in finding.summary


def test_a_large_collection_and_a_small_fold(bordered, clean, tmp_path):
    model = PlaceReader(frame_of_image(), bordered)
    counts = [len(set(bordered.patients[bordered.classes == k])) for k in range(3)]
    subject = Subject(bordered, tmp_path, model, options=AuditOptions(fold=0, resamples=60))
    finding = audit(subject, finder_of(bordered, clean), least_patients=min(counts))
    # What the cues predict in the whole collection is a problem whatever the fold.
    assert finding.verdict is Verdict.PROBLEM
    assert ("this may be a false alarm" in finding.summary) == bool(
        finding.numbers["model_without_lungs"]
    )


def test_border_that_tells_the_class_is_caught_and_so_is_the_model_that_reads_it(
    bordered, clean, tmp_path
):
    model = PlaceReader(frame_of_image(), bordered)
    subject = subject_of(bordered, tmp_path, model)
    finding = audit(subject, finder_of(bordered, clean), least_patients=FEW)
    assert finding.verdict is Verdict.PROBLEM
    assert list(finding.numbers["telling_cues"]) == ["border"]
    # Filling the lungs moves the greys of the equalised image, so decisions may shift although the
    # border is the same; the order of the images, which the AUC measures, does not.
    assert {"metric": "auc", "class": "covid19"} in finding.numbers["model_without_lungs"]
    parts = finding.numbers["model_on_parts"]
    assert metric(parts["whole"], "balanced_accuracy")["value"] > 0.9
    assert metric(parts["lungs_alone"], "auc", "covid19")["value"] < 0.7
    assert "With the lungs hidden the model still recognises COVID-19" in finding.summary


def test_model_that_reads_lungs_is_cleared(lunged, clean, tmp_path):
    always_lung = np.logical_and.reduce(true_lungs(clean)) & ~frame_of_image()
    assert always_lung.sum() > 30
    model = PlaceReader(always_lung, lunged)
    finding = audit(subject_of(lunged, tmp_path, model), finder_of(lunged, clean))
    assert finding.verdict is Verdict.PASSED
    assert finding.numbers["model_without_lungs"] == []
    parts = finding.numbers["model_on_parts"]
    assert metric(parts["whole"], "balanced_accuracy")["value"] > 0.9
    for name in ("without_hull", "without_rectangle"):
        assert metric(parts[name], "balanced_accuracy")["value"] < 0.5
    drops = finding.numbers["against_the_whole_image"]["without_hull"]
    (drop,) = [one for one in drops if one["metric"] == "balanced_accuracy"]
    assert drop["high"] < -0.3
    assert "With the lungs hidden the model is not significantly above chance" in finding.summary


def test_cues_stand_beside_the_model_on_the_same_images(bordered, clean, tmp_path):
    model = PlaceReader(frame_of_image(), bordered)
    options = AuditOptions(fold=0, resamples=60)
    subject = Subject(bordered, tmp_path, model, options=options)
    finding = audit(subject, finder_of(bordered, clean))
    of_fold = int((bordered.frame["fold"] == "0").sum())
    assert finding.numbers["model"]["images"] == of_fold
    beside = finding.numbers["cues_on_the_images_of_the_model"]
    assert {one["images"] for one in beside.values()} == {of_fold}
    assert {one["images"] for one in finding.numbers["cues"].values()} == {len(bordered)}
    assert "(few patients)" in str(finding.sections)


def test_model_without_plausible_lungs_is_said_so(bordered, tmp_path):
    model = PlaceReader(frame_of_image(), bordered)
    nothing = bordered.select(np.zeros(len(bordered), dtype=bool))
    finding = audit(subject_of(bordered, tmp_path, model), TrueFinder(nothing, []))
    assert "No image has plausible lungs" in finding.summary
    assert finding.numbers["images_without_plausible_lungs"] == {"unknown image": len(bordered)}


def test_one_class_or_one_patient_is_inconclusive(clean, tmp_path):
    finding = audit(subject_of(clean.select(clean.classes == 1), tmp_path))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.summary == "All images are Pneumonia: there is nothing to predict."
    keep = clean.classes != 2
    keep[np.flatnonzero(clean.classes == 2)[0]] = True
    finding = audit(subject_of(clean.select(keep), tmp_path))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "Normal has a single one" in finding.summary


def test_two_classes_and_sizes_of_the_originals(clean, tmp_path):
    two = clean.select(clean.classes < 2)
    width = np.where(two.classes == 0, "1500", "1024")
    records = dataclasses.replace(two, frame=two.frame.assign(orig_width=width, orig_height="900"))
    finding = audit(subject_of(records, tmp_path))
    # 24 images a class are few: the border is a false alarm in this half of the phantom.
    assert set(finding.numbers["telling_cues"]) == {"original_size", "border"}
    assert metric(finding.numbers["cues"]["original_size"], "auc", "normal")["value"] is None
    assert metric(finding.numbers["cues"]["original_size"], "auc", "covid19")["value"] == 1.0


def test_report_holds_tables_and_picture(shape_folder, tmp_path):
    subject = subject_of(read_collection(shape_folder), tmp_path)
    _, page = run_audits(subject, ["shortcuts"], tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "Can the classes be predicted without the lungs?" in text
    assert "Aspect ratio (lung-free)" in text
    assert "Chance: always the commonest class" in text
    content = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert content["audits"]["shortcuts"]["verdict"] == "inconclusive"  # 15 images a class
    assert read_image(tmp_path / "shortcuts" / "cues.png").std() > 10


@pytest.mark.real_data
def test_figures_of_the_real_collection_are_reproduced(real_data, tmp_path):
    records = read_collection(real_data / "covid")
    finding = audit(Subject(records, tmp_path, options=AuditOptions(resamples=200)))
    # Accuracy of three classes, and of COVID-19 against the rest, as the data set states them.
    stated = {
        "aspect": (0.55, 0.997),
        "thumbnail_8": (0.76, 0.96),
        "thumbnail_16": (0.77, 0.96),
        "border": (0.73, 0.94),
        "histogram": (0.75, 0.95),
        "equalised_16": (0.71, 0.96),
    }
    for name, (three, rest) in stated.items():
        found = finding.numbers["cues"][name]
        assert metric(found, "accuracy")["value"] == pytest.approx(three, abs=0.03), name
        value = metric(found, "accuracy_against_rest", "covid19")["value"]
        assert value == pytest.approx(rest, abs=0.015), name
    assert {"aspect", "border"} <= set(finding.numbers["telling_cues"])
