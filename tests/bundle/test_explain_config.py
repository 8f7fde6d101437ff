"""explain.yaml makes the heatmaps that the command makes."""

from pathlib import Path
from typing import Any

import monai.bundle
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.cli.main import main
from tests.bundle.offline import run_bundle
from tests.dicom.instances import instance, saved
from tests.inference.chests import narrow_chest

pytestmark = pytest.mark.usefixtures("tiny_network")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(narrow_chest()).save(folder / "a.png")
    saved(instance(narrow_chest(1)), folder / "b")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    return folder


@pytest.fixture
def options(bundle: Path, images: Path, covid_model: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "config_file": str(bundle / "configs/explain.yaml"),
        "bundle_root": str(bundle),
        "dataset_dir": str(images),
        "output_dir": str(tmp_path / "heatmaps"),
        "checkpoint": str(covid_model),
        "progress": False,
    }


def test_from_the_command_line_as_the_command(
    options: dict[str, Any], images: Path, covid_model: Path, tmp_path: Path
) -> None:
    chosen = {"class": "pneumonia", "contrast": False, "arrays": True}
    words = [w for name, value in {**options, **chosen}.items() for w in (f"--{name}", str(value))]
    done = run_bundle("run", "explaining", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 images, 1 of them unreadable" in done.stdout
    call = ["explain", str(images), "--out", str(tmp_path / "other"), "--model", str(covid_model)]
    assert main([*call, "--class", "pneumonia", "--no-contrast", "--arrays", "--quiet"]) == 1
    ours, others = tmp_path / "heatmaps", tmp_path / "other"
    assert {p.name for p in ours.iterdir()} == {p.name for p in others.iterdir()}
    for name in ("a_pneumonia_relevance.npy", "b_pneumonia_relevance.npy"):
        np.testing.assert_allclose(
            np.load(ours / name), np.load(others / name), rtol=1e-3, atol=1e-7
        )
    one, two = (pd.read_csv(each / "heatmaps.csv") for each in (ours, others))
    pd.testing.assert_frame_equal(one, two, rtol=1e-5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clas": "covid19"}, ["--clas is not an option", "--class"]),
        ({"class": "flu"}, ["class is 'flu'", "covid19, pneumonia, normal"]),
        ({"method": "lime"}, ["--method", "lrp"]),
        ({"contrast": "yes"}, ["--contrast", "True or False"]),
        ({"dataset_dir": "nowhere"}, ["nowhere", "no such file or folder"]),
        ({"checkpoint": "none.pt"}, ["none.pt", "no such weights file"]),
    ],
)
def test_unusable_options(
    changed: dict[str, Any], words: list[str], options: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        monai.bundle.run(run_id="explaining", **{**options, **changed})
    message = str(stopped.value.code)
    assert message.startswith("error: ")
    assert [word for word in words if word not in message] == []
    assert not (tmp_path / "heatmaps").exists()
