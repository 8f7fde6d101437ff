import csv

import numpy as np
import pytest
from PIL import Image

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.nih import read_nih
from monai_covid.errors import InputError
from monai_covid.lab.phantom import write_covid as covid_module
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom, write_phantom
from monai_covid.lab.phantom.write_nih import write_nih_phantom

TINY = PhantomOptions(size=64)


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    out = tmp_path_factory.mktemp("phantom") / "out"
    write_phantom(out, nih_images=60, covid_images_per_class=12, seed=3, options=TINY)
    return out


def table(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def pixels(path):
    return np.asarray(Image.open(path))


def test_nih_table_has_the_official_header(phantom):
    header, first = (phantom / "nih" / "Data_Entry_2017.csv").read_text().splitlines()[:2]
    assert header == (
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
        "View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
    )
    assert len(first.split(",")) == len(header.split(","))
    assert first.startswith("00000001_000.png,")


def test_nih_lists_name_every_image_once_and_split_no_patient(phantom):
    rows = table(phantom / "nih" / "Data_Entry_2017.csv")
    train, test = (
        (phantom / "nih" / f"{name}_list.txt").read_text().split() for name in ("train_val", "test")
    )
    assert sorted(train + test) == sorted(row["Image Index"] for row in rows)
    assert not {name[:8] for name in train} & {name[:8] for name in test}
    assert train
    assert test


def test_every_image_of_the_tables_is_there_with_its_masks(phantom):
    names = {
        "nih": [r["Image Index"] for r in table(phantom / "nih" / "Data_Entry_2017.csv")],
        "covid": [r["image"] for r in table(phantom / "covid" / "metadata.csv")],
    }
    for part, images in names.items():
        assert {path.name for path in (phantom / part / "images").iterdir()} == set(images)
        masks = {
            f"{name[:-4]}_{kind}.png" for name in images for kind in ("lesion", "text", "lung")
        }
        assert {path.name for path in (phantom / part / "masks").iterdir()} == masks


def test_masks_are_black_and_white_and_tell_normal_from_ill(phantom):
    for row in table(phantom / "covid" / "metadata.csv"):
        stem = row["image"][:-4]
        lesion = pixels(phantom / "covid" / "masks" / f"{stem}_lesion.png")
        text = pixels(phantom / "covid" / "masks" / f"{stem}_text.png")
        assert set(np.unique(lesion)) <= {0, 255}
        assert lesion.any() == (row["label"] != "normal")
        assert text.any() == bool(row["words"])


def test_manifest_has_the_columns_and_patient_wise_folds(phantom):
    rows = table(phantom / "covid" / "metadata.csv")
    assert list(rows[0])[:8] == [
        *("image", "label", "patient_id", "source", "view", "age", "sex", "fold")
    ]
    folds = {}
    for row in rows:
        assert folds.setdefault(row["patient_id"], row["fold"]) == row["fold"]
    assert set(folds.values()) == set("01234")


def test_shared_images_are_the_same_files_of_the_same_patients(phantom):
    rows = [r for r in table(phantom / "covid" / "metadata.csv") if r["patient_id"][:4] == "nih-"]
    nih = {r["Image Index"]: r for r in table(phantom / "nih" / "Data_Entry_2017.csv")}
    assert rows
    for row in rows:
        twin = nih[row["image"]]
        assert row["patient_id"] == f"nih-{int(twin['Patient ID']):05d}"
        assert (row["age"], row["sex"]) == (twin["Patient Age"], twin["Patient Gender"])
        paths = [phantom / part / "images" / row["image"] for part in ("nih", "covid")]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_image_on_disk_is_the_image_of_its_seed_and_index(phantom):
    row = next(
        r for r in table(phantom / "covid" / "metadata.csv") if r["image"] == "covid19_000000.png"
    )
    image = generate_covid_case(3, 0, "covid19", TINY, patient=1_000_000)
    assert np.array_equal(pixels(phantom / "covid" / "images" / row["image"]), image.pixels)
    assert row["patient_id"] == "phantom-00000"
    assert (row["view"], row["sex"], row["age"]) == (image.view, image.sex, str(image.age))


def test_the_readers_of_this_package_read_both_parts(phantom):
    assert len(read_nih(phantom / "nih").frame) == 60
    assert len(read_collection(phantom / "covid").frame) == 36


def test_parts_written_alone_equal_the_parts_written_together(phantom, tmp_path):
    write_nih_phantom(tmp_path / "nih", images=60, seed=3, options=TINY)
    write_covid_phantom(
        tmp_path / "covid", images_per_class=12, seed=3, options=TINY, nih_images=60
    )
    for path in phantom.rglob("*.*"):
        twin = tmp_path / path.relative_to(phantom)
        assert twin.read_bytes() == path.read_bytes()


def test_classes_may_have_different_numbers_of_images(tmp_path):
    out = write_covid_phantom(
        tmp_path / "out", images_per_class={"covid19": 2, "normal": 1}, seed=1, options=TINY
    )
    assert [row["label"] for row in table(out / "metadata.csv")] == ["covid19", "covid19", "normal"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"covid_images_per_class": -1}, "at least 0 and not all 0"),
        ({"covid_images_per_class": 0}, "at least 0 and not all 0"),
        ({"covid_images_per_class": {"flu": 1}}, r"unknown labels \['flu'\]"),
        ({"nih_images": -3}, "must be 0 or at least 2, got -3"),
        ({"nih_images": 1}, "must be 0 or at least 2, got 1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"shared_fraction": 1.5}, r"shared_fraction must be in \[0, 1\], got 1.5"),
    ],
)
def test_odd_numbers_are_refused_before_anything_is_written(tmp_path, change, message):
    values = {"nih_images": 4, "covid_images_per_class": 1, "seed": 1, "options": TINY, **change}
    with pytest.raises(ValueError, match=message):
        write_phantom(tmp_path / "out", **values)
    assert not list(tmp_path.iterdir())


def test_too_few_nih_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="images must be at least 2"):
        write_nih_phantom(tmp_path / "out", images=1, seed=1, options=TINY)


def test_a_phantom_is_replaced_only_on_request(tmp_path):
    out = write_covid_phantom(tmp_path / "out", images_per_class=1, seed=1, options=TINY)
    before = (out / "metadata.csv").read_bytes()
    with pytest.raises(InputError, match="is not empty"):
        write_covid_phantom(out, images_per_class=1, seed=2, options=TINY)
    assert (out / "metadata.csv").read_bytes() == before
    write_covid_phantom(out, images_per_class=1, seed=2, options=TINY, overwrite=True)
    assert (out / "metadata.csv").read_bytes() != before


def test_a_failure_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    saved = []

    def fail_at_the_second(folder, name, image):
        saved.append(name)
        if len(saved) == 2:
            raise OSError("disk full")

    monkeypatch.setattr(covid_module, "save_image", fail_at_the_second)
    with pytest.raises(OSError, match="disk full"):
        write_phantom(
            tmp_path / "out", nih_images=2, covid_images_per_class=1, seed=1, options=TINY
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_only_on_request(tmp_path, capsys, progress):
    write_covid_phantom(
        tmp_path / "out", images_per_class=1, seed=1, options=TINY, progress=progress
    )
    assert ("COVID phantom" in capsys.readouterr().err) == progress
