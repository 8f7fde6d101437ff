"""What ``monai-covid predict`` refuses."""

import pytest

from monai_covid.cli.main import main
from tests.cli.predict.results import table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "0"], "--batch-size is 0; it must be at least 1"),
        (["nowhere.png"], r"nowhere\.png: no such file or folder"),
        (["--device", "gpu"], "gpu"),
    ],
)
def test_unusable_options_write_nothing(predict, pictures, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        predict(pictures / "a.png", *arguments)
    assert not (tmp_path / "results").exists()


def test_unusable_models_write_nothing(predict, pictures, models, tmp_path):
    for model, message in (
        ([tmp_path / "none.pt"], r"none\.pt: no such weights file"),
        ([models[0], models[0]], "two or more different model files"),
    ):
        with pytest.raises(SystemExit, match=message):
            predict(pictures / "a.png", model=model)
    with pytest.raises(SystemExit, match="explains one network, and --model names 3"):
        predict(pictures / "a.png", "--heatmaps", model=models)
    with pytest.raises(SystemExit, match="--heatmaps needs a folder; give one with --out"):
        main(["predict", str(pictures / "a.png"), "--heatmaps", "--model", str(models[0])])
    assert not (tmp_path / "results").exists()


def test_earlier_predictions_stay_unless_asked(predict, pictures, tmp_path):
    assert predict(pictures / "a.png") == 0
    before = (tmp_path / "results/predictions.csv").read_bytes()
    with pytest.raises(SystemExit, match="exists already; replace it with --overwrite"):
        predict(pictures / "b.jpg")
    assert (tmp_path / "results/predictions.csv").read_bytes() == before
    assert predict(pictures / "b.jpg", "--overwrite") == 0
    assert list(table(tmp_path).index) == [str(pictures / "b.jpg")]
