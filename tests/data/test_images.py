import gzip

import numpy as np
import pytest
from PIL import Image

from monai_covid.data.images import find_images, folder_datalist, read_image
from monai_covid.errors import ImageReadError, InputError
from tests.dicom.instances import instance, picture, saved


def refused(path, message):
    with pytest.raises(ImageReadError, match=message) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_content_decides_not_the_name(tmp_path):
    dicom = saved(instance(picture()), tmp_path / "IM000001")
    Image.fromarray(picture()).save(tmp_path / "picture.png")
    renamed = (tmp_path / "picture.png").rename(tmp_path / "picture.dcm")
    for path in (dicom, renamed, str(dicom)):
        grey = read_image(path)
        assert grey.dtype == np.float32
        np.testing.assert_array_equal(grey, picture())


def test_a_dicom_preamble_with_a_tiff_start_is_dicom(tmp_path):
    path = saved(instance(picture()), tmp_path / "dual")
    path.write_bytes(b"II*\x00" + path.read_bytes()[4:])
    np.testing.assert_array_equal(read_image(path), picture())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", r"is empty \(0 bytes\)"),
        ("text.png", b"not a picture", r"does not fit its name: it starts with b'not a pi'"),
        ("text.txt", b"not a picture", r"unknown format.*PNG, JPEG, BMP, TIFF, DICOM"),
        ("raw.dcm", b"\x10\x00\x10\x00PN\x0a\x00", r"'DICM' at byte 128"),
        ("cut.dcm", bytes(100), r"may be a DICOM file that is cut off"),
        ("animation.gif", b"GIF89a" + bytes(50), "unknown format"),
        ("text.nii.gz", gzip.compress(b"not an image", mtime=0), "does not fit its name"),
        ("cut.nii.gz", gzip.compress(bytes(1000), mtime=0)[:12], "does not fit its name"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, message)


def test_folders_and_missing_files_are_refused(tmp_path):
    refused(tmp_path, "is a folder")
    refused(tmp_path / "missing.png", "cannot be opened: No such file")


def test_find_images(tmp_path):
    def put(name, content=b"x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    dicom = saved(instance(picture()), tmp_path / "1.2.840.5").read_bytes()
    found = [
        *(put("b/scan.NII.GZ"), put("b/x.JPG"), put("a.png")),
        *(put("series/IM0001", dicom), tmp_path / "1.2.840.5"),
    ]
    put("notes.txt")
    put("DICOMDIR", dicom)
    put(".hidden.png")
    put(".cache/c.png")
    put("b/archive.gz")
    assert find_images(tmp_path) == sorted(found)
    assert find_images(str(tmp_path)) == sorted(found)


def test_find_images_needs_a_folder(tmp_path):
    with pytest.raises(ImageReadError, match="is not a folder"):
        find_images(tmp_path / "missing")


def test_what_a_search_leaves_out_is_one_line_a_kind(tmp_path, caplog):
    saved(instance(picture()), tmp_path / "image.dcm")
    for name in [*(f"{number:02}.gif" for number in range(20)), "a.jp2", "b.NPY", "note.txt"]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".hidden.gif").write_bytes(b"x")
    items = folder_datalist(tmp_path)
    assert [item["name"] for item in items] == ["image.dcm"]
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}: 20 .gif files left out, the first of them {tmp_path / '00.gif'}: {READ}",
        f"{tmp_path}: 1 .jp2 file left out, the first of them {tmp_path / 'a.jp2'}: {READ}",
        f"{tmp_path}: 1 .npy file left out, the first of them {tmp_path / 'b.NPY'}: {READ}",
    ]


def test_a_folder_with_nothing_but_other_images_says_so(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"no images found .*; 1 \.gif file left out.*a\.gif"):
        folder_datalist(tmp_path)


READ = "PNG, JPEG, BMP, TIFF, DICOM (with 'DICM' at byte 128) and NIfTI-1/2 are read"
