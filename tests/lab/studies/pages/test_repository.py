"""The results pages of the repository are what the command makes of its stored studies."""

from pathlib import Path

import pytest

from monai_covid.lab.studies.pages.folder import write_results

RESULTS = Path(__file__).resolve().parents[4] / "docs" / "results"
STORED = sorted((RESULTS / "data").glob("*.json"))


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    if STORED:
        write_results(STORED, folder)
    return folder


def pages():
    return sorted([*RESULTS.glob("*.md")] if STORED else [])


def test_every_stored_study_has_its_page_and_every_page_its_study():
    names = {file.stem for file in STORED}
    assert {page.stem for page in pages()} == (names | {"index"} if names else set())


def test_pages_are_what_the_command_makes(remade):
    for page in pages():
        assert page.read_text(encoding="utf-8") == (remade / page.name).read_text(encoding="utf-8")


def test_figures_are_there_and_small():
    for file in STORED:
        for plot in ("curves", "forest"):
            assert (RESULTS / "figures" / f"{file.stem}-{plot}.png").stat().st_size < 80_000
