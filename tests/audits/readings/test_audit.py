"""Models that follow readers, or the label alone, and which of them is caught."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.readings.audit import audit
from monai_covid.audits.readings.wording import judge
from monai_covid.audits.run import run_audits
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.readings import WITHIN_LABELS, ReadingComparison
from monai_covid.inference.prediction import Prediction
from tests.audits.groups.invented import CLASSES, records, subject

PNEUMONIA = 1


def collection(n=300, seed=0):
    """Images of which readers saw the finding on 6 of 10 labelled so and on 3 of 10 others."""
    generator = np.random.default_rng(seed)
    some = records(generator.integers(3, size=n))
    is_pneumonia = some.classes == PNEUMONIA
    seen = generator.random(n) < np.where(is_pneumonia, 0.6, 0.3)
    return some, pd.DataFrame({"pneumonia": seen.astype(float)}, index=some.frame["image"].tolist())


class Told:
    """Answers with the given probability of pneumonia; the rest is shared by the others."""

    info = SimpleNamespace(labels=CLASSES)

    def __init__(self, some, of_pneumonia):
        self.known = dict(zip(some.paths, of_pneumonia, strict=True))

    def predict(self, paths, batch_size=16, *, assess=True):
        assert not assess  # where images have labels, these decide
        for path in paths:
            high = self.known[path]
            row = {name: high if name == "pneumonia" else (1 - high) / 2 for name in CLASSES}
            yield Prediction(path, row, False, "")


def audited(folder, some, readings, of_pneumonia):
    model, options = Told(some, of_pneumonia), AuditOptions(resamples=200)
    return Subject(some, folder, model, readings=readings, options=options)


def by_label(some, seed=1):
    noise = np.random.default_rng(seed).random(len(some)) * 0.3
    return np.where(some.classes == PNEUMONIA, 0.6, 0.1) + noise


def test_a_model_that_knows_the_label_and_not_the_finding_is_caught(tmp_path):
    some, readings = collection()
    found = audit(audited(tmp_path, some, readings, by_label(some)))
    assert found.verdict is Verdict.PROBLEM
    numbers = found.numbers["classes"]["pneumonia"]
    assert numbers["labels_by_model"]["value"] > 0.95
    assert numbers["readings_by_model_within_labels"]["high"] < 0.7
    assert "The model agrees poorly with readers" in found.summary


def test_a_model_that_sees_the_finding_is_left_in_peace(tmp_path):
    some, readings = collection()
    noise = np.random.default_rng(1).random(len(some)) * 0.4
    found = audit(audited(tmp_path, some, readings, 0.1 + 0.3 * readings["pneumonia"] + noise))
    assert found.verdict is Verdict.PASSED
    assert found.numbers["classes"]["pneumonia"]["readings_by_model_within_labels"]["low"] > 0.7


def test_a_model_that_goes_by_the_view_is_caught_though_readers_saw_more_there(tmp_path):
    generator = np.random.default_rng(0)
    in_bed = generator.random(400) < 0.5
    some = records(generator.integers(3, size=400), view=np.where(in_bed, "AP", "PA"))
    seen = generator.random(400) < np.where(in_bed, 0.8, 0.2)
    readings = pd.DataFrame({"pneumonia": seen * 1.0}, index=some.frame["image"].tolist())
    found = audit(audited(tmp_path, some, readings, 0.4 * in_bed + 0.5 * generator.random(400)))
    assert found.verdict is Verdict.PROBLEM
    assert "among images of one label and view" in found.summary
    numbers = found.numbers["classes"]["pneumonia"]
    assert numbers["readings_by_model_within_labels"]["low"] > 0.6
    assert numbers["readings_by_model_within_labels_and_views"]["high"] < 0.7
    assert (tmp_path / "pneumonia.png").is_file()


def test_with_few_patients_nothing_is_said(tmp_path):
    some, readings = collection()
    found = audit(audited(tmp_path, some, readings.iloc[:16], by_label(some)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "is inconclusive. Too few patients whose images share label." in found.summary


def test_report_and_numbers(tmp_path):
    some, readings = collection()
    readings["normal"] = np.nan
    readings.loc["elsewhere.png"] = [1.0, 1.0]
    about = audited(tmp_path, some, readings, by_label(some))
    _, page = run_audits(about, ["readings"], tmp_path)
    html = page.read_text(encoding="utf-8")
    for text in ("Agreement with readers", "within one label", "Finding seen"):
        assert text in html
    assert (tmp_path / "readings" / "pneumonia.png").is_file()
    content = json.loads((tmp_path / "audit.json").read_text())["audits"]["readings"]
    assert "Normal: none of these images was read." in content["summary"]
    assert content["numbers"]["readings_elsewhere"] == 1
    found = content["numbers"]["classes"]["pneumonia"]
    assert found["images"] == 300
    for name, one in found["labels"].items():
        part = some.frame.loc[some.classes == some.labels.index(name), "image"].tolist()
        assert one["seen"] == readings.loc[part, "pneumonia"].sum()


def test_normal_can_be_what_readers_looked_for(tmp_path):
    some, readings = collection()
    about = audited(
        tmp_path, some, readings.rename(columns={"pneumonia": "normal"}), by_label(some)
    )
    about.model.known = dict(zip(some.paths, 1 - 0.9 * readings["pneumonia"], strict=True))
    found = audit(about)
    assert found.verdict is Verdict.PASSED
    assert (tmp_path / "normal.png").is_file()


def test_without_readings_it_is_not_run(tmp_path):
    some, _ = collection(30)
    findings, page = run_audits(subject(tmp_path, some, 0.8), ["readings"], tmp_path)
    assert not findings
    assert "not run: needs --readings" in page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="needs readings"):
        audit(subject(tmp_path, some, 0.8))


@pytest.mark.parametrize(
    ("low", "high", "fewest", "verdict"),
    [
        (0.45, 0.69, 10, Verdict.PROBLEM),
        (0.52, 0.69, 400, Verdict.PROBLEM),
        (0.70, 0.90, 10, Verdict.PASSED),
        (0.69, 0.90, 400, Verdict.INCONCLUSIVE),
        (0.45, 0.70, 400, Verdict.INCONCLUSIVE),
        (0.10, 0.20, 9, Verdict.INCONCLUSIVE),
        (None, None, 400, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts_at_their_bounds(low, high, fewest, verdict):
    assert judge(compared_at(low, high, fewest)) is verdict


def compared_at(low, high, fewest):
    within = {WITHIN_LABELS: Value(0.6, low, high)}
    return ReadingComparison("pneumonia", (), 100, 90, within, False, fewest)
