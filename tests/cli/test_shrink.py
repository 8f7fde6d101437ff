"""A model file is made smaller only where its answers stay."""

import numpy as np
import pytest
from PIL import Image

from monai_covid.cli.main import main
from monai_covid.inference.classifier import Classifier
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, save_model
from tests.models.torchvision_densenet import randomise


@pytest.fixture
def model(monkeypatch, tmp_path):
    monkeypatch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
    info = ModelInfo(image_size=32, temperature=1.5)
    save_model(tmp_path / "model.pt", randomise(info.build()).state_dict(), info)
    return tmp_path / "model.pt"


@pytest.fixture
def images(tmp_path):
    generator = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        pixels = generator.integers(0, 256, (40, 48), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_a_smaller_file_is_written_and_the_change_is_said(model, images, tmp_path, capsys):
    small = tmp_path / "small.pt"
    call = ["shrink", "--model", str(model), "--images", str(images), "--out", str(small)]
    assert main(call) == 0
    printed = capsys.readouterr().out
    assert "4 images: no decision changed" in printed
    files = sorted(images.iterdir())
    before, after = (
        np.array(
            [
                list(one.probabilities.values())
                for one in Classifier(file).predict(files, assess=False)
            ]
        )
        for file in (model, small)
    )
    assert f"{np.abs(before - after).max():.1e} at most" in printed
    assert small.stat().st_size < 0.7 * model.stat().st_size
    assert Classifier(small).info == Classifier(model).info
    with pytest.raises(SystemExit, match=r"exists already.*--overwrite"):
        main(call)
    assert main([*call, "--overwrite"]) == 0


def test_a_change_that_is_too_large_is_refused_and_nothing_written(model, images, tmp_path):
    small = tmp_path / "small.pt"
    call = ["shrink", "--model", str(model), "--images", str(images), "--out", str(small)]
    with pytest.raises(SystemExit, match=r"float16 changes 0 of 4 decisions .* is not written"):
        main([*call, "--largest-change", "1e-9"])
    assert not small.exists()


def test_a_changed_decision_is_refused_however_small_the_change(model, images, tmp_path):
    """The bias lies midway between what one image asks for before and after rounding."""
    classifier, small = Classifier(model), tmp_path / "small.pt"
    state = classifier.network.state_dict()
    state["class_layers.out.bias"][2] = -30
    apart = {}
    for storage in ("float32", "bfloat16"):
        save_model(small, state, classifier.info, storage)
        apart[storage] = _apart(small, sorted(images.iterdir()))
    largest = np.abs(apart["float32"] - apart["bfloat16"]).argmax()
    middle = (apart["float32"][largest] + apart["bfloat16"][largest]) / 2
    state["class_layers.out.bias"][1] -= float(middle)
    save_model(model, state, classifier.info)
    small.unlink()
    call = ["shrink", "--model", str(model), "--images", str(images), "--out", str(small)]
    with pytest.raises(SystemExit, match=r"bfloat16 changes 1 of 4 decisions"):
        main([*call, "--storage", "bfloat16", "--largest-change", "1"])
    assert not small.exists()


def _apart(model, paths):
    """Return by how much the logit of the second class is above that of the first."""
    found = [
        list(one.probabilities.values()) for one in Classifier(model).predict(paths, assess=False)
    ]
    logits = 1.5 * np.log(np.array(found))
    return logits[:, 1] - logits[:, 0]


def test_images_that_cannot_be_read_are_named(model, images, tmp_path):
    (images / "broken.png").write_bytes(b"no image")
    with pytest.raises(SystemExit, match=r"broken\.png"):
        main(
            [
                "shrink",
                "--model",
                str(model),
                "--images",
                str(images),
                "--out",
                str(tmp_path / "s.pt"),
            ]
        )


def test_a_limit_must_be_above_nothing(model, images, tmp_path):
    call = [
        "shrink",
        "--model",
        str(model),
        "--images",
        str(images),
        "--out",
        str(tmp_path / "s.pt"),
    ]
    with pytest.raises(SystemExit, match=r"--largest-change is 0\.0; it must be above 0"):
        main([*call, "--largest-change", "0"])
