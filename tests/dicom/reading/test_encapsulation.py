"""One frame in every arrangement of fragments that devices write, in every codec."""

import struct
from copy import deepcopy
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.encapsulation import only_frame
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import PIXELS, chest
from tests.dicom.instances import in_syntax, saved

CODECS = [RLELossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless]
every_codec = pytest.mark.parametrize("syntax", CODECS, ids=lambda uid: uid.name)
NO_TABLE = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def item(content):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


@cache
def compressed(syntax):
    return in_syntax(chest(), syntax)


def coded(syntax):
    dataset = deepcopy(compressed(syntax))
    return dataset, get_frame(dataset.PixelData, 0, number_of_frames=1)


def parts(frame, count):
    """``frame`` in fragments of even length."""
    size = -(-len(frame) // count) // 2 * 2
    cuts = [*(k * size for k in range(count)), len(frame)]
    return [frame[a:b] for a, b in pairwise(cuts)]


ARRANGEMENTS = {
    "one": lambda frame: NO_TABLE + item(frame),
    "many": lambda frame: NO_TABLE + b"".join(map(item, parts(frame, 40))),
    "empty last": lambda frame: NO_TABLE + item(frame) + item(b""),
    "empty first": lambda frame: NO_TABLE + item(b"") + item(frame),
    "empty between": lambda frame: NO_TABLE + b"".join(map(item, [frame[:300], b"", frame[300:]])),
    "odd": lambda frame: NO_TABLE + item(frame[:301]) + item(frame[301:]),
    "odd and padded": lambda frame: NO_TABLE + item(frame[:301]) + b"\0" + item(frame[301:]),
    "wrong table": lambda frame: (
        item(struct.pack("<I", 1500)) + b"".join(map(item, parts(frame, 2)))
    ),
    "long table": lambda frame: item(bytes(range(20))) + item(frame),
    "odd table": lambda frame: item(b"\0" * 6) + b"".join(map(item, parts(frame, 3))),
    "zeros behind": lambda frame: NO_TABLE + item(frame + bytes(200)),
    "delimiter twice": lambda frame: NO_TABLE + item(frame) + DELIMITER,
    "loose zeros behind": lambda frame: NO_TABLE + item(frame) + DELIMITER + bytes(20),
    "loose delimiter of an item": lambda frame: (
        NO_TABLE + item(frame) + b"\xfe\xff\x0d\xe0" + bytes(4)
    ),
    "loose zeros alone": lambda frame: NO_TABLE + item(frame) + bytes(500),
    "loose padding element": lambda frame: (
        NO_TABLE + item(frame) + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<I", 4) + bytes(4)
    ),
}


@every_codec
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_all_fragments_are_the_frame(tmp_path, syntax, arrangement):
    dataset, frame = coded(syntax)
    expected = read_radiograph(dataset)
    if syntax != JPEGBaseline8Bit:
        np.testing.assert_array_equal(expected, PIXELS)
    dataset.PixelData = ARRANGEMENTS[arrangement](frame)
    dataset["PixelData"].is_undefined_length = not arrangement.startswith(("del", "loose"))
    path = saved(dataset, tmp_path / "a")
    assert ineligibility(read_header(path)) == []
    np.testing.assert_array_equal(read_radiograph(path), expected)


@every_codec
@pytest.mark.parametrize("frames", [0, "", None, "1 "])
def test_a_frame_is_read_where_their_number_is_zero_or_missing(tmp_path, syntax, frames):
    dataset, _ = coded(syntax)
    expected = read_radiograph(dataset)
    if frames is not None:
        dataset.add_new("NumberOfFrames", "IS", frames)
    path = saved(dataset, tmp_path / "a")
    assert ineligibility(read_header(path)) == []
    np.testing.assert_array_equal(read_radiograph(path), expected)


@every_codec
def test_a_file_without_delimiter_is_read_if_the_frame_is_whole(tmp_path, syntax):
    dataset, _ = coded(syntax)
    path = saved(dataset, tmp_path / "a")
    whole = path.read_bytes()
    assert whole.endswith(DELIMITER)
    expected = read_radiograph(path)
    for left in (0, 1, 4, 7):
        path.write_bytes(whole[: -8 + left] if left else whole[:-8])
        assert ineligibility(read_header(path)) == [], left
        np.testing.assert_array_equal(read_radiograph(path), expected)


@every_codec
@pytest.mark.parametrize("share", [0.4, 0.8, 0.99])
@pytest.mark.parametrize("count", [1, 30])
def test_a_file_that_ends_in_the_frame_is_cut_off(tmp_path, syntax, share, count):
    dataset, frame = coded(syntax)
    dataset.PixelData = NO_TABLE + b"".join(map(item, parts(frame, count)))
    path = saved(dataset, tmp_path / "a")
    content = path.read_bytes()
    start = content.rindex(NO_TABLE + item(b"")[:4])
    path.write_bytes(content[: start + int(share * (len(content) - start))])
    with pytest.raises(ImageReadError, match="cut off") as caught:
        read_radiograph(path)
    assert "SOPClassUID" not in str(caught.value)
    if count == 1 and share < 0.99:  # a cut between two fragments only the decoder sees
        assert any("cut off" in reason for reason in ineligibility(read_header(path)))


@every_codec
@pytest.mark.parametrize("share", [0.4, 0.8, 0.95])
def test_a_frame_that_lacks_its_end_is_refused(syntax, share):
    dataset, frame = coded(syntax)
    dataset.PixelData = encapsulate([frame[: int(share * len(frame)) // 2 * 2]])
    with pytest.raises(ImageReadError, match=r"PixelData \(7FE0,0010\)"):
        read_radiograph(dataset)


@pytest.mark.parametrize("syntax", CODECS[1:], ids=lambda uid: uid.name)
def test_two_images_are_not_taken_for_one(syntax):
    dataset, frame = coded(syntax)
    dataset.PixelData = encapsulate([frame, frame])
    with pytest.raises(ImageReadError, match="holds 2 compressed images; a radiograph has 1"):
        read_radiograph(dataset)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no offset table and no fragment"),
        (NO_TABLE, "no fragment behind the offset table"),
        (NO_TABLE + DELIMITER, "no fragment behind the offset table"),
        (NO_TABLE + item(b"1234")[:-1], "cut off: item 1 has 3 of 4 bytes"),
        (NO_TABLE + item(b"1234") + b"\xfe\xff\0\xe0\1", "cut off behind item 2"),
        (NO_TABLE + item(b"1234") + b"12345678", r"\(3231,3433\) stands at byte 20, where a frag"),
    ],
)
def test_what_is_no_sequence_of_fragments_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        only_frame(data)


@every_codec
@pytest.mark.parametrize("ending", [bytes(8), bytes(300), b"\xfe\xff\x0d\xe0" + bytes(4)])
def test_a_file_with_something_else_for_its_delimiter_is_read(tmp_path, syntax, ending):
    dataset, _ = coded(syntax)
    path = saved(dataset, tmp_path / "a")
    expected = read_radiograph(path)
    path.write_bytes(path.read_bytes().removesuffix(DELIMITER) + ending)
    assert ineligibility(read_header(path)) == []
    np.testing.assert_array_equal(read_radiograph(path), expected)
