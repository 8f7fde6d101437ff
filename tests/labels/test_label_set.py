"""Which neurons a label set keeps from an earlier network."""

import pytest

from monai_covid.labels import LabelSet, chosen_labels, known_labels, plain, shipped
from monai_covid.labels.reading import label_set_of

NIH, CHEXPERT, XRV = shipped("nih"), shipped("chexpert"), shipped("torchxrayvision")


@pytest.mark.parametrize(
    ("own", "source", "kept"),
    [
        (shipped("covid"), NIH, {"Pneumonia": "pneumonia", "No Finding": "normal"}),
        (shipped("covid"), XRV, {"Pneumonia": "pneumonia"}),
        (shipped("covid"), shipped("covid"), {n: n for n in ("covid19", "pneumonia", "normal")}),
        (shipped("tuberculosis"), NIH, {"No Finding": "normal"}),
        (shipped("tuberculosis"), CHEXPERT, {"No Finding": "normal"}),
        # By name, ignoring case; and by meaning.
        (
            plain(("HEALTHY", "edema", "scoliosis")),
            CHEXPERT,
            {"Edema": "edema", "No Finding": "HEALTHY"},
        ),
        (plain(("left", "right")), NIH, {}),
        (XRV, CHEXPERT, {name: name for name in CHEXPERT.names if name in XRV.names}),
    ],
)
def test_neurons_are_kept_from_what_means_the_same(own, source, kept):
    assert own.kept_from(source) == kept


def test_one_neuron_is_kept_by_one_class():
    assert plain(("normal", "healthy")).kept_from(NIH) == {"No Finding": "normal"}


def test_new_neurons_start_from_related_labels_that_the_source_has():
    assert shipped("covid").starts_from(NIH) == {"covid19": ["Consolidation", "Infiltration"]}
    assert shipped("covid").starts_from(CHEXPERT) == {"covid19": ["Consolidation"]}
    assert plain(("a", "b")).starts_from(NIH) == {}


@pytest.mark.parametrize("labels", [NIH, shipped("covid"), plain(("x", "y"), exclusive=False)])
def test_a_label_set_is_read_as_it_was_written(labels, tmp_path):
    again = label_set_of(labels.fields(), tmp_path)
    assert isinstance(again, LabelSet)
    assert again == labels


def test_known_names_are_those_of_a_shipped_set():
    assert known_labels(NIH.names, exclusive=False) == NIH
    assert known_labels(NIH.names, exclusive=True) != NIH
    assert known_labels(("a", "b")) == plain(("a", "b")) == chosen_labels(["a", " b "])
