"""What the documentation says of stored studies is what they hold."""

import json
import re

import pytest

from monai_covid.evaluation.readings import LABELS_BY_MODEL, WITHIN_LABELS, WITHIN_VIEWS
from monai_covid.lab.studies.pages.markdown import difference
from monai_covid.lab.studies.pages.records import Estimate
from tests.conftest import REPOSITORY

SHORTCUTS = REPOSITORY / "docs/explanation/shortcuts.md"
READINGS = REPOSITORY / "docs/explanation/readings.md"
EVIDENCE = REPOSITORY / "docs/explanation/evidence.md"
STUDIES = "cross-validation|shortcuts|distillation|imagenet-transfer|readings"
ROW = re.compile(rf"\| [^|]+ \| ({STUDIES}) `([a-z0-9-]+)` \| ([^|]+) \|")


def rows():
    text = EVIDENCE.read_text(encoding="utf-8").partition("### What each measure contributed")[2]
    return ROW.findall(text.partition("\n## ")[0])


def test_the_table_has_its_rows():
    assert len(rows()) > 10


@pytest.mark.parametrize(("study", "arm", "stated"), rows())
def test_contributions_are_those_of_the_stored_studies(study, arm, stated):
    content = json.loads((REPOSITORY / f"docs/results/data/{study}.json").read_text())
    (found,) = (
        each
        for each in content["comparisons"]
        if each["arm"] == arm and each["measure"] == "test accuracy"
    )
    assert found["pairs"] == 5
    wide = found["corrected"]
    assert stated == difference(Estimate(found["mean_difference"], wide["low"], wide["high"]))


UNTRAINED = (
    ("frozen-densenet-112", "DenseNet-121, random weights"),
    ("frozen-112", "ImageNet-pretrained EfficientNet-Lite0"),
    ("frozen-224", "the same"),
    ("frozen-320", "the same"),
    ("distilled-frozen-112", "DenseNet-121 distilled from it"),
    ("distilled-112", "the same, then trained: stages 2 and 3"),
    ("mean-of-three", "mean of `frozen-224`, `frozen-320` and `distilled-112`"),
    ("mean-of-probes", "mean of `frozen-224`, `frozen-320` and `distilled-frozen-112`"),
)


TRAINED = (
    ("direct", "ImageNet, then stage 3"),
    ("twice", "with stage 2 in between, random head"),
    ("twice-keep", "the same, output neurons kept"),
    ("direct-224", "`direct`, four more epochs at 224 pixels"),
    ("frozen-128", "frozen"),
    ("frozen-320-flips", "frozen, 320 pixels, flip averaging"),
    ("mean-of-trained", "mean of the trained ones"),
    ("mean-of-all", "mean of trained and frozen ones"),
)


def stated(found):
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


@pytest.mark.parametrize(("arm", "features"), UNTRAINED)
def test_figures_of_frozen_features_are_those_of_the_stored_study(arm, features):
    named = f"{features}, `{arm}`" if not arm.startswith("mean") else features
    assert row_of("distillation", arm, named) in lines_of_evidence()


@pytest.mark.parametrize(("arm", "words"), TRAINED)
def test_figures_of_training_from_imagenet_are_those_of_the_stored_study(arm, words):
    assert row_of("imagenet-transfer", arm, f"{words}, `{arm}`") in lines_of_evidence()


TEXTURES = (
    ("frozen-320", "means and deviations, 320 pixels"),
    ("covariances-320", "covariances, 320 pixels"),
    ("covariances-224", "covariances, 224 pixels"),
    ("mean-of-probes", "mean of these three"),
    ("direct", "trained from ImageNet, 128 pixels"),
    ("twice-keep", "the same, twice, output neurons kept"),
    ("mean-of-all", "mean of these five"),
    ("densenet-scratch", "DenseNet-121 from random weights, 64 pixels"),
)


@pytest.mark.parametrize(("arm", "words"), TEXTURES)
def test_figures_of_textures_are_those_of_the_stored_study(arm, words):
    assert row_of("readings", arm, f"{words}, `{arm}`", ()) in lines_of_evidence()


@pytest.mark.parametrize(("arm", "words"), TEXTURES)
def test_what_networks_see_is_that_of_the_stored_study(arm, words):
    content = json.loads((REPOSITORY / "docs/results/data/readings.json").read_text())
    (found,) = (each for each in content["readings"] if each["arm"] == arm)
    cells = [f"{words}, `{arm}`", *(in_words(found[name]) for name in SEEN)]
    assert f"| {' | '.join(cells)} |" in READINGS.read_text(encoding="utf-8").splitlines()


SEEN = (LABELS_BY_MODEL, WITHIN_LABELS, WITHIN_VIEWS)


def in_words(found):
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def lines_of_evidence():
    return EVIDENCE.read_text(encoding="utf-8").splitlines()


def row_of(study, arm, words, without=("without_lungs",)):
    content = json.loads((REPOSITORY / f"docs/results/data/{study}.json").read_text())
    (pooled,) = (each["pooled"] for each in content["arms"] if each["name"] == arm)
    further = pooled["further"]
    recall = further["external"]["recall"]
    cells = [
        words,
        stated(pooled["test"]["accuracy"]),
        f"{pooled['test']['balanced_accuracy']['value']:.3f}",
        *(f"{further[name]['balanced_accuracy']['value']:.3f}" for name in without),
        f"{recall['covid19']['value']:.2f}",
        f"{recall['normal']['value']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def recall(pooled, label):
    """Sensitivity for a class on the external images."""
    return pooled["further"]["external"]["recall"][label]


COLUMNS = ("plain", "grey-local", "grey-equalise", "lungs-crop", "text-inpaint")
MEASURED = {
    "accuracy": lambda pooled: pooled["test"]["accuracy"],
    "balanced accuracy, lungs blanked out": lambda pooled: pooled["further"]["without_lungs"][
        "balanced_accuracy"
    ],
    "external: macro AUC": lambda pooled: pooled["further"]["external"]["macro_auc"],
    "external: sensitivity, COVID-19": lambda pooled: recall(pooled, "covid19"),
    "external: sensitivity, normal": lambda pooled: recall(pooled, "normal"),
}


@pytest.mark.parametrize("name", MEASURED)
def test_options_against_shortcuts_are_those_of_the_stored_study(name):
    content = json.loads((REPOSITORY / "docs/results/data/shortcuts.json").read_text())
    pooled = {arm["name"]: arm["pooled"] for arm in content["arms"]}
    lines = SHORTCUTS.read_text(encoding="utf-8").splitlines()
    (line,) = (each for each in lines if each.startswith(f"| {name} |"))
    stated = [cell.strip() for cell in line.strip("|").split("|")][1:]
    assert stated == [f"{MEASURED[name](pooled[arm])['value']:.3f}" for arm in COLUMNS]
