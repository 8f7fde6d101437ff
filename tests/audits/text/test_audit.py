import json

import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.text.audit import audit, audit_with
from monai_covid.audits.text.images import search
from monai_covid.errors import OptionError
from tests.audits.text.planted import (
    GradientTimesInput,
    PlantedText,
    reads_words,
    sees_chests,
    subject_of,
    write_collection,
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return folder, write_collection(folder)


def found_with(network, collection):
    folder, finder = collection
    subject = subject_of(folder, network)
    return audit_with(subject, finder, GradientTimesInput(network)), subject


def test_a_network_without_relevance_is_refused_before_the_search_for_text(collection, monkeypatch):
    monkeypatch.setattr("monai_covid.audits.text.audit.TextFinder", None)
    with pytest.raises(OptionError, match="is missing"):
        audit(subject_of(collection[0], reads_words()))


def test_a_network_that_reads_words_is_caught(collection):
    finding, subject = found_with(reads_words(), collection)
    assert finding.verdict is Verdict.PROBLEM
    numbers = finding.numbers
    assert numbers["images_with_text"] == 20
    assert numbers["accuracy_with_text"]["value"] == 1.0
    assert numbers["loss"]["low"] > 0
    assert numbers["excess_loss"]["low"] > 0
    assert numbers["enrichment"]["low"] > 5
    assert {word["word"]: word["label"] for word in numbers["words"]} == {
        "SUPINE": "covid19",
        "ERECT": "normal",
    }
    assert json.loads(json.dumps(numbers)) == numbers
    assert (subject.folder / "shifts.png").is_file()
    assert len(finding.sections) == 3


def test_a_network_that_looks_at_the_chest_is_cleared(collection):
    finding, _ = found_with(sees_chests(), collection)
    assert finding.verdict is Verdict.PASSED
    numbers = finding.numbers
    assert numbers["accuracy_with_text"]["value"] == 1.0
    assert numbers["loss"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert numbers["relevance_share"]["value"] < 0.02
    assert {one["word"] for one in numbers["painted"]} == {"SUPINE", "ERECT"}
    assert all(one["by_word"] == 0 and one["images"] == 10 for one in numbers["painted"])


def test_painted_words_alone_are_a_problem(collection):
    """The chest decides until a word of the other class outweighs it: nothing is lost without."""
    words, chests = reads_words(), sees_chests()
    words[1].weight.data += chests[1].weight.data * 2
    finding, _ = found_with(words, collection)
    assert finding.numbers["loss"]["value"] == 0.0
    assert finding.verdict is Verdict.PROBLEM
    painted = {one["word"]: one for one in finding.numbers["painted"]}
    assert set(painted) == {"SUPINE", "ERECT"}
    for one in painted.values():
        assert (one["images"], one["by_word"], one["by_control"]) == (10, 10, 0)
        assert one["p_value"] == pytest.approx(2 * 0.5**10)  # two words


def test_without_text_it_is_inconclusive(collection):
    folder, finder = collection
    blind = PlantedText()
    blind.boxes = {key: [] for key in finder.boxes}
    network = sees_chests()
    finding = audit_with(subject_of(folder, network), blind, GradientTimesInput(network))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.summary == "Text was found on 0 of 20 images."
    assert finding.numbers["loss"]["value"] is None


def test_words_are_counted_in_capitals_and_digits(collection):
    folder, finder = collection
    found = search(subject_of(folder, sees_chests()), finder)
    assert {word for one in found for word in one.words} == {"SUPINE", "ERECT"}
