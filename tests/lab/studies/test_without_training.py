"""Arms that train no network: what they learn from and leave behind, and how pages show them."""

import json
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monai_covid.data.datalists import stage3_datalist
from monai_covid.data.unlabelled import unlabelled_datalist
from monai_covid.errors import ImageReadError, InputError
from monai_covid.lab.studies import without_training as probes
from monai_covid.lab.studies.collections import Collections, external_nih
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.lab.studies.pages.markdown import DASH
from monai_covid.lab.studies.pages.page import study_page
from monai_covid.lab.studies.pages.stored import parse_study
from monai_covid.lab.studies.prerequisites import Outcome, Prerequisites
from monai_covid.lab.studies.study_file import study_from
from monai_covid.models.features import frozen_backbone, log_covariances, pooled
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.budget import TimeBudget
from tests.data.collections_on_disk import three_classes, write_manifest
from tests.lab.studies.conftest import SMALL

pytestmark = pytest.mark.slow

GREY = Preprocessing(grey="stretch")
PROBE = {"name": "probe", "start": "probe", "options": {"grey": "stretch"}}
STAGE1 = {"teacher": "efficientnet_lite0", "image_size": 32, "batch_size": 4, "max_epochs": 1}
TAUGHT = "features distilled from ImageNet (efficientnet-lite0-57934424.pth)"


def with_probe(*more, **changes):
    return {**deepcopy(SMALL), "baseline": "probe", "arms": [PROBE, *more], **changes}


def features_of(items, maps, flips=False, pool=pooled):
    images = torch.stack([preprocess_file(item["image"], 32, 1, GREY) for item in items])
    rows = pool(maps(images))
    if flips:
        rows = (rows + pool(maps(images.flip(-1)))) / 2
    return rows.double().numpy()


@pytest.mark.parametrize(
    ("flips", "pooling"), [(False, "moments"), (True, "moments"), (True, "covariances")]
)
def test_a_probe_is_scikit_learn_on_pooled_maps(
    tiny_network, study, collections, tmp_path, flips, pooling
):
    content = with_probe(further=["without_lungs", "external"])
    content["arms"][0]["options"] |= {"flips": flips, "pooling": pooling}
    pool = log_covariances if pooling == "covariances" else pooled
    status, found = study(content)
    assert status == 0
    run = tmp_path / "out/runs/probe/seed_0/fold_0"
    table = pd.read_csv(run / "evaluation/predictions.csv")
    maps = frozen_backbone("efficientnet_lite0").maps
    split = {"fold": 0, "validation_fraction": 0.3}
    parts = [
        stage3_datalist(collections[1], section, **split)
        for section in ("training", "validation", "test")
    ]
    x, y = (
        np.concatenate(values)
        for values in zip(
            *(
                (features_of(part, maps, flips, pool), [item["label"] for item in part])
                for part in parts[:2]
            ),
            strict=True,
        )
    )
    strength = found_strength(run)
    regression = LogisticRegression(C=strength, max_iter=3000)
    fitted = make_pipeline(StandardScaler(), regression).fit(x, y)
    columns = [f"probability_{label}" for label in ("covid19", "pneumonia", "normal")]
    assert table["image"].tolist() == [item["name"] for item in parts[2]]
    np.testing.assert_allclose(
        table[columns], fitted.predict_proba(features_of(parts[2], maps, flips, pool)), atol=1e-4
    )
    assert (run / "evaluation_external/predictions.csv").is_file()
    (arm,) = found["arms"]
    assert arm["started_from"] == "ImageNet (efficientnet-lite0-57934424.pth), frozen"
    assert arm["runs"][0]["epochs"] is None
    assert arm["runs"][0]["training_images"] == len(parts[0])
    page = study_page(parse_study(found, "study.json", "small"), "figures")
    assert "0 training runs in all" in page
    (row,) = (line for line in page.splitlines() if line.startswith("| probe | logistic"))
    assert row.endswith(f"| {DASH} |")  # no training took time


def found_strength(run):
    return json.loads((run / "summary.json").read_text())["settings"]["inverse_penalty"]


def test_probes_share_a_distilled_stage_1_with_trained_arms(tiny_network, study, tmp_path):
    content = with_probe(
        {"name": "random", "start": "probe", "options": {"backbone": "densenet121"}},
        {"name": "distilled", "start": "probe", "stage1": {}},
        {"name": "trained", "stage1": {}, "options": {"max_epochs": 1}},
        {"name": "both", "start": "mean: probe, trained"},
        stage1=STAGE1,
        stage1_excludes="all",
        folds=[0, 1],
    )
    status, found = study(content)
    assert status == 0
    assert len(list((tmp_path / "out/stage1").iterdir())) == 1
    assert len(list((tmp_path / "out/stage2").iterdir())) == 1
    starts = {arm["name"]: arm["started_from"] for arm in found["arms"]}
    assert starts["random"] == "random weights, frozen"
    assert starts["distilled"] == f"{TAUGHT}, frozen"
    assert starts["trained"] == f"stage 2 (from {TAUGHT}), head keep"
    (stage1,) = found["stage1"]
    assert (stage1["started_from"], stage1["epochs"]) == (TAUGHT, 1)
    page = study_page(parse_study(found, "study.json", "small"), "figures")
    assert "**Not ImageNet-pretrained,** but from random weights: random." in page
    assert "2 training runs in all" in page
    with pytest.raises(SystemExit, match="stage1_excludes was 'all' and is now 'fold'"):
        study({**content, "stage1_excludes": "fold"})


class Noted(Prerequisites):
    """Notes what would be trained."""

    def _finished(self, config, folder, **options):
        self.trained = [*getattr(self, "trained", []), (config, options)]
        return True


@pytest.mark.parametrize("excludes", ["all", "fold"])
@pytest.mark.parametrize("fold", [0, 3])
def test_a_shared_stage_1_sees_no_patient_of_the_collection(collections, tmp_path, fold, excludes):
    nih, _ = collections
    lines = [f"{line}," for line in three_classes(8, 1)]
    lines += [f"x{k}.png,normal,someone-{k},0000040{k}_000.png" for k in range(4)]
    covid = write_manifest(tmp_path / "covid", lines, "image,label,patient_id,original_file").parent
    arm = {"name": "trained", "stage1": {}}
    changes = {"stage1": STAGE1, "stage1_excludes": excludes, "further": ["external"]}
    study = study_from(with_probe(arm, **changes), "study.yaml")
    data = Collections(covid, nih)
    stages = Noted(study, Layout(tmp_path), Machine(tmp_path, data), TimeBudget(None))
    assert stages.train(Run("trained", 0, fold)) is Outcome.DONE
    config, options = stages.trained[0]
    assert config == "stage1_distilled.yaml"
    shared = excludes == "all"
    assert options["image_folders"] == [str(nih), *[str(data.manifest)] * (not shared)]
    names = ("image_folders", "exclude_manifests", "leave_out_images")
    items = unlabelled_datalist(**{name: options[name] for name in names})
    learned = {item["patient_id"] for item in items}
    assert learned
    assert not learned & set(external_nih(nih, data.records).patients)
    # Known by their images, as their patients have other names in the collection.
    taken = {f"0000040{k}_000.png" for k in range(4)}
    met = {item["name"] for item in items} & taken
    assert bool(met) is not shared
    assert bool(learned & set(data.records.patients)) is not shared


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"options": {"max_epochs": 3}}, "max_epochs is not an option"),
        ({"options": {"backbone": "vgg"}}, "backbone 'vgg': must be one of efficientnet_lite0"),
        ({"stage2": {"max_epochs": 3}}, "start 'probe' has no stages"),
        ({"evaluation": {"flips": True}}, "no options of the evaluation"),
        (
            {"stage1": {}, "options": {"backbone": "efficientnet_lite0"}},
            "arm wrong: backbone has no stage 1; only densenet121, densenet201 have",
        ),
        ({"stage1": {"projector_width": 8}}, "stage1: projector_width is not an option"),
    ],
)
def test_what_a_probe_cannot_have(arm, message):
    wrong = {"name": "wrong", "start": "probe", **arm}
    with pytest.raises(InputError, match=message):
        study_from(with_probe(wrong, stage1=STAGE1), "study.yaml")


def test_unreadable_images_are_named(tiny_network, study, collections, tmp_path, monkeypatch):
    item = stage3_datalist(collections[1], "training", fold=0, validation_fraction=0.3)[0]

    def unreadable(path, *arguments):
        if path == item["image"]:
            raise ImageReadError(f"{path}: holds no image")
        return preprocess_file(path, *arguments)

    monkeypatch.setattr(probes, "preprocess_file", unreadable)
    with pytest.raises(SystemExit, match="holds no image"):
        study(with_probe())
    assert not list((tmp_path / "out/runs").rglob("predictions.csv"))
