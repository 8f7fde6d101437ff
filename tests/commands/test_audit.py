"""``monai-covid audit``: what it runs, writes and refuses."""

import json

import pytest

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli import main
from monai_covid.data.phantom import PhantomOptions, write_covid_phantom


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """A synthetic collection with folds."""
    folder = tmp_path_factory.mktemp("collection")
    options = PhantomOptions(size=64)
    write_covid_phantom(folder / "data", images_per_class=6, seed=0, options=options)
    return folder / "data"


def test_without_a_model_the_collection_alone_is_audited(collection, tmp_path, capsys):
    out = tmp_path / "audit"
    line = ["audit", "leaks", "words", "external", "--data", str(collection), "--out", str(out)]
    assert main(line) == 0
    content = json.loads((out / "audit.json").read_text())
    assert content["notice"] == RESEARCH_USE_ONLY
    assert list(content["audits"]) == ["leaks"]
    assert content["left_out"] == {"words": "needs --model", "external": "needs --model"}
    page = (out / "index.html").read_text()
    assert RESEARCH_USE_ONLY in page
    assert content["audits"]["leaks"]["question"] in page
    assert "needs --model" in page
    assert 'src="http' not in page
    assert content["audits"]["leaks"]["summary"] in capsys.readouterr().out


def refused(line):
    with pytest.raises(SystemExit) as caught:
        main(["audit", *map(str, line)])
    assert caught.value.code != 0
    return str(caught.value.code)


def test_unknown_audits_are_named(collection, tmp_path):
    line = ["lungs", "--data", collection, "--out", tmp_path / "out"]
    message = refused(line)
    assert message == ("error: no audit lungs; there are words, shortcuts, groups, leaks, external")
    assert not (tmp_path / "out").exists()


def test_files_of_others_are_not_replaced(collection, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    message = refused(["leaks", "--data", collection, "--out", tmp_path, "--overwrite"])
    assert "--out" in message
    assert "not replaced" in message
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_an_earlier_report_stays_unless_asked(collection, tmp_path):
    out = tmp_path / "audit"
    line = ["audit", "leaks", "--data", str(collection), "--out", str(out)]
    assert main(line) == 0
    before = (out / "index.html").stat().st_mtime_ns
    assert "allow overwriting" in refused(line[1:])
    assert (out / "index.html").stat().st_mtime_ns == before
    assert main([*line, "--overwrite"]) == 0
    assert (out / "index.html").stat().st_mtime_ns != before


def test_nothing_is_left_behind_after_an_error(collection, tmp_path):
    out = tmp_path / "audit"
    line = ["leaks", "--data", tmp_path / "nowhere.csv", "--out", out]
    assert "nowhere.csv" in refused(line)
    assert list(tmp_path.iterdir()) == []
