"""Studies on classes that are not those of the publication."""

from copy import deepcopy

import pytest

from monai_covid.lab.studies.pages.folder import write_results
from monai_covid.labels import display
from tests.data.collections_on_disk import write_manifest
from tests.lab.studies.conftest import SMALL, run_study
from tests.training.stages import write_findings

LABELS = """
labels:
  - {name: tb, display: Tuberculosis of the lung, kept_from: Consolidation}
  - {name: clear, no_finding: true}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Folders of ChestX-ray14 and of a manifest of two other classes, with a label set in it."""
    root = tmp_path_factory.mktemp("own")
    rows = [f"{name}{n}.png,{name},{name}-{n}" for name in ("clear", "tb") for n in range(10)]
    write_manifest(root / "tb", rows)
    (root / "tb" / "labels.yaml").write_text(LABELS)
    return write_findings(root / "nih"), root / "tb"


@pytest.mark.slow
def test_a_study_of_own_classes(tiny_network, tmp_path, own, monkeypatch):
    probe = {"name": "frozen", "start": "probe", "options": {"backbone": "densenet121"}}
    arms = [*SMALL["arms"], probe, {"name": "both", "start": "mean: twice, keep"}]
    content = {**deepcopy(SMALL), "arms": arms, "baselines": ["aspect"]}
    content["options"] = {**content["options"], "folds": 2}
    chosen = ["--classes", str(own[1] / "labels.yaml")]
    status, found = run_study(tmp_path, own, content, *chosen)
    assert status == 0
    for arm in found["arms"]:
        scores = arm["pooled"]["test"]
        assert list(scores["recall"]) == ["tb", "clear"]
        assert scores["macro_auc"]["value"] is not None
        assert "covid19_auc" not in scores
    assert found["settings"]["files"]["classes"].startswith("labels.yaml (sha256 ")
    with pytest.raises(SystemExit, match=r"classes was 'labels\.yaml .* and is now 'clear,tb'"):
        run_study(tmp_path, own, content, "--classes", "clear,tb")
    monkeypatch.setattr(display, "_FROM_FILES", {})
    page = write_results([tmp_path / "out/study.json"], tmp_path / "results")[0].read_text()
    assert "Sensitivity (recall), Tuberculosis of the lung" in page
    assert "COVID" not in page.partition("## Arms")[0]


@pytest.mark.parametrize(
    ("change", "chosen", "message"),
    [
        ({}, "tb,clear,other", "'other'"),
        ({"further": ["external"]}, "tb,clear", "'external' is of covid19.*has tb, clear"),
        ({"options": {"classes": "tb,clear"}}, "tb,clear", "classes cannot be set here"),
        ({}, "nih", "a study takes one an image"),
    ],
)
def test_what_does_not_fit_is_said_first(tmp_path, own, change, chosen, message):
    with pytest.raises(SystemExit, match=f"(?s){message}"):
        run_study(tmp_path, own, {**deepcopy(SMALL), **change}, "--classes", chosen)
    assert not (tmp_path / "out/runs").exists()
