import csv

import numpy as np
import pytest
from PIL import Image

from monai_covid.cli.main import main
from monai_covid.data.images import read_image
from monai_covid.lab.explanation_benchmark.cases import cases_of_files
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.models.model_file import ModelInfo


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    case = generate_covid_case(5, 3, "covid19", PhantomOptions(size=224))
    Image.fromarray(case.pixels).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    return folder


def rows_of(folder):
    with (folder / "text.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_masks_and_table_are_written_once(images, tmp_path):
    out = tmp_path / "text"
    call = ["find-text", str(images), "--out", str(out), "--side", "736", "--quiet"]
    assert main(call) == 1  # b.png cannot be read
    rows = rows_of(out)
    assert {"L", "ERECT"} <= {row["text"] for row in rows}
    assert "b.png" in rows[-1]["error"]
    mask = read_image(out / "a_text.png")
    assert set(np.unique(mask)) == {0, 255}
    assert mask.shape == (224, 224)
    found = cases_of_files(ModelInfo(image_size=112), [images / "a.png"], out).masks["text"]
    assert 0.001 < found.float().mean() < 0.1
    with pytest.raises(SystemExit, match=r"text\.csv: exists already.*--overwrite"):
        main(call)


@pytest.mark.parametrize("table", ["text.csv", "words.csv"])
def test_earlier_masks_are_replaced_on_demand(images, tmp_path, table):
    """Also those of the last version, whose table had another name."""
    out = tmp_path / "text"
    out.mkdir()
    (out / table).write_text("image,mask\nold.png,old_text.png\n")
    (out / "old_text.png").write_bytes(b"")
    (images / "a.png").unlink()
    call = ["find-text", str(images), "--out", str(out), "--quiet"]
    with pytest.raises(SystemExit, match=rf"{table}: exists already"):
        main(call)
    assert main([*call, "--overwrite"]) == 1
    assert (table == "text.csv") == (out / table).exists()
    assert not (out / "old_text.png").exists()
    assert len(rows_of(out)) == 1


def test_errors_say_what_would_be_right(images, tmp_path):
    twin = tmp_path / "more"
    twin.mkdir()
    (twin / "a.jpg").write_bytes((images / "a.png").read_bytes())
    out = ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match=r"a_text\.png: would be the mask of several images"):
        main(["find-text", str(images), str(twin), *out])
    with pytest.raises(SystemExit, match="--side is 3; it must be at least 64"):
        main(["find-text", str(images), *out, "--side", "3"])
    with pytest.raises(SystemExit, match="outside of them"):
        main(["find-text", str(images), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="no such file"):
        main(["find-text", str(tmp_path / "absent"), *out])
    assert not (tmp_path / "out").exists()


def test_a_manifest_names_its_images(images, tmp_path):
    (images / "b.png").unlink()
    manifest = tmp_path / "metadata.csv"
    manifest.write_text("image,label,patient_id\na.png,covid19,1\n")
    out = tmp_path / "out"
    call = ["find-text", str(manifest), "--out", str(out), "--side", "736", "--quiet"]
    assert main(call) == 0
    assert (out / "a_text.png").is_file()
