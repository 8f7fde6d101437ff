import pytest

from monai_covid.dicom.codestream import FrameSize, frame_size
from tests.dicom.instances import jpeg, picture
from tests.dicom.lossless_jpeg import encode_lossless


def test_sizes_are_rows_then_columns():
    assert frame_size(jpeg(picture(97, 64))) == FrameSize(rows=97, columns=64)
    assert frame_size(encode_lossless(picture(97, 64), 8)) == FrameSize(rows=97, columns=64)


def test_fill_bytes_before_a_marker_are_skipped():
    frame = encode_lossless(picture(97, 64), 8)
    assert frame_size(frame[:2] + b"\xff\xff" + frame[2:]) == (97, 64)


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\x00", b"\x02\0\0\0", b"x"])
def test_damaged_or_other_frames_have_no_size(frame):
    assert frame_size(frame) is None


def test_a_cut_jpeg_2000_header_has_no_size():
    assert frame_size(b"\xff\x4f\xff\x51\x00\x29") is None
