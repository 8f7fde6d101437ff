"""Images by names that Windows, Excel, macOS or another disk gave them."""

import logging
import unicodedata

import pytest

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.image_lookup import ImageLookup
from monai_covid.errors import InputError
from tests.data.collections_on_disk import found, write_picture

FILES = ("images/a.jpg", "images/b.png", "images/Ünal.png", "more/deep/c.JPEG", "d.dcm")
LABELS = ("covid19", "pneumonia", "normal")


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(FILES):
        write_picture(tmp_path / "set" / unicodedata.normalize("NFC", name), seed)
    return tmp_path / "set"


def lookup(folder):
    return ImageLookup([folder, folder / "images"])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a.jpg", "images/a.jpg"),
        ("images\\a.jpg", "images/a.jpg"),
        (".\\images\\a.jpg", "images/a.jpg"),
        ("A.JPG", "images/a.jpg"),
        ("a", "images/a.jpg"),
        ("IMAGES/A", "images/a.jpg"),
        ("more\\Deep\\C.jpeg", "more/deep/c.JPEG"),
        (unicodedata.normalize("NFD", "Ünal.png"), "images/Ünal.png"),
        ("ünal", "images/Ünal.png"),
        ("more/../d.dcm", "d.dcm"),
        ("../set/d.dcm", "d.dcm"),
        ("D", "d.dcm"),
        ("a.png", ""),
        ("c.jpeg", ""),
        ("images", ""),
        ("", ""),
        ("..", ""),
    ],
)
def test_one_name(folder, name, file):
    (path,) = lookup(folder).find([name])
    assert path == (str(folder / file) if file else "")


def test_nothing_is_guessed_where_several_files_fit(folder):
    write_picture(folder / "images" / "a.png")
    write_picture(folder / "images" / "A.jpg")
    names = ["a", "a.JPG", "a.jpg", "A.jpg", "a.png"]
    paths = lookup(folder).find(names)
    assert paths == ["", "", *(str(folder / "images" / name) for name in names[2:])]
    assert lookup(folder).hint("a") in (
        "; did you mean 'a.jpg' or 'a.png'?",
        "; did you mean 'a.png' or 'a.jpg'?",
        "; did you mean 'A.jpg' or 'a.jpg'?",
        "; did you mean 'A.jpg' or 'a.png'?",
        "; did you mean 'a.jpg' or 'A.jpg'?",
        "; did you mean 'a.png' or 'A.jpg'?",
    )


@pytest.mark.parametrize(
    "start", ["C:\\Data\\covid\\", "\\\\server\\share\\", "/mnt/old_disk/covid/", "covid-v1.0/"]
)
def test_a_collection_that_was_moved(folder, start):
    separator = "\\" if "\\" in start else "/"
    names = [start + name.replace("/", separator) for name in FILES]
    searched = lookup(folder)
    assert searched.find(names) == [str(folder / name) for name in FILES]
    assert sum(searched.moved.values()) == len(FILES)


def test_a_file_name_alone_is_no_evidence_where_folders_differ(folder):
    names = ["/old/one/a.jpg", "/old/two/b.png"]
    assert lookup(folder).find(names) == ["", ""]
    assert lookup(folder).find(["/old/one/a.jpg", "/old/one/b.png"]) == [
        str(folder / "images" / name) for name in ("a.jpg", "b.png")
    ]
    assert lookup(folder).hint(names[0]) == "; did you mean 'a.jpg'?"


def test_lost_images_do_not_hide_that_the_others_were_moved(folder):
    names = ["/old/images/lost.png", "/old/images/a.jpg"]
    assert lookup(folder).find(names) == ["", str(folder / "images" / "a.jpg")]


def manifest(folder, names):
    lines = [f"{name},{LABELS[row % 3]},p{row}" for row, name in enumerate(names)]
    file = folder / "metadata.csv"
    file.write_text("\n".join(["image,label,patient_id", *lines]) + "\n")
    return file


def test_many_missing_images_are_one_line_with_the_near_name(folder):
    names = [f"img{number}.png" for number in range(50)]
    for name in names:
        write_picture(folder / "images" / name.replace(".png", ".jpg"))
    with pytest.raises(InputError) as caught:
        read_collection(manifest(folder, names))
    ((_, row, message),) = found(caught.value)
    assert row == 2
    assert message.startswith("50 of 50 images are not in")
    assert message.endswith("the first is 'img0.png'; did you mean 'img0.jpg'?")


def test_a_moved_collection_is_said_once(folder, caplog):
    names = [f"img{number}.png" for number in range(9)]
    for name in names:
        write_picture(folder / "images" / name)
    file = manifest(folder, [f"E:\\pictures\\{name}" for name in names])
    with caplog.at_level(logging.WARNING):
        records = read_collection(file)
    assert records.paths.tolist() == [str(folder / "images" / name) for name in names]
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: there is no folder E:/pictures here; 9 of its images were found without it"
    ]
