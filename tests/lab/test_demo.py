"""The demo: small with a tiny network, and as `make demo` runs it."""

import csv
import json

import pytest
from PIL import Image

from monai_covid.evaluation.predictions import read_predictions
from monai_covid.lab.demo import DemoSize, run_demo
from monai_covid.labels import COVID_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from tests.training.stages import BUNDLE

pytestmark = pytest.mark.slow

SMALL = DemoSize(
    nih_images=48, covid_images_per_class=12, image_size=32, stage2_epochs=2, stage3_epochs=2
)
PICTURES = ("confusion_matrix.png", "roc.png", "learning_curves.png", "examples.png")


def first_validation_auc(run):
    with (run / "learning_curve.csv").open() as stream:
        return float(next(csv.DictReader(stream))["validation_auc"])


def accuracy(folder):
    metrics = json.loads((folder / "metrics.json").read_text())["metrics"]
    return next(row["value"] for row in metrics if row["metric"] == "accuracy")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the folder of a demo with a tiny network."""
    out = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        run_demo(BUNDLE, out, SMALL, progress=False)
    return out


def test_the_page_holds_every_picture(demo):
    for name in PICTURES:
        with Image.open(demo / "results" / name) as picture:
            assert min(picture.size) > 400
    page = (demo / "results" / "index.html").read_text()
    # The last is that of stage 2.
    assert page.count('src="data:image/png;base64,') == len(PICTURES) + 1
    assert "Research use only" in page


def test_the_test_fold_alone_is_evaluated(demo):
    table = read_predictions(demo / "results" / "predictions.csv", COVID_LABELS)
    with (demo / "phantom" / "covid" / "metadata.csv").open() as stream:
        fold = {row["image"] for row in csv.DictReader(stream) if row["fold"] == "0"}
    assert set(table["image"]) == fold


def test_a_demo_is_not_replaced_unasked(demo):
    with pytest.raises(FileExistsError, match=str(demo)):
        run_demo(BUNDLE, demo, SMALL, progress=False)


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError):
        run_demo(BUNDLE, tmp_path, SMALL, overwrite=True, progress=False)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.slow
def test_the_demo_learns_and_stage_2_helps(tmp_path):
    run_demo(BUNDLE, tmp_path / "demo", DemoSize(), progress=False)
    # A thumbnail of 8 x 8 pixels with logistic regression reaches 0.67.
    assert accuracy(tmp_path / "demo" / "results") > 0.75
    start, direct = (first_validation_auc(tmp_path / "demo" / run) for run in ("stage3", "direct"))
    assert start > direct
