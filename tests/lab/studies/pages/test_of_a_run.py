"""What a study leaves behind is what pages are made of."""

import pytest

from monai_covid.lab.studies.pages.folder import write_results
from tests.lab.studies.conftest import SMALL


@pytest.mark.slow
def test_pages_of_a_study_that_was_run(tiny_network, study, tmp_path):
    content = {
        **SMALL,
        "seeds": [0, 1],
        "folds": [0, 1],
        "baselines": ["thumbnail_8"],
        "arms": [*SMALL["arms"], {"name": "direct", "start": "random"}],
    }
    status, stored = study(content, "--arms", "twice", "keep")
    assert status == 0
    page, index = write_results([tmp_path / "out/study.json"], tmp_path / "results")
    text = page.read_text()
    assert text.startswith("# Keeping\n")
    assert "**Not begun,** and left out below: direct" in text
    found = stored["arms"][1]["pooled"]["test"]["accuracy"]
    assert f"| keep | {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" in text
    assert "8 × 8 thumbnail" in text  # noqa: RUF001
    assert "Nadeau" in text
    assert "[Keeping](out.md)" in index.read_text()
