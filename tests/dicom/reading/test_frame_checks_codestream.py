import struct

import pytest
from pydicom.encaps import get_frame
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from monai_covid.dicom.reading.frame_checks import FrameSize, frame_size
from tests.dicom.instances import in_syntax, instance, jpeg, picture
from tests.dicom.reading.lossless_jpeg import encode_lossless

SIZE = FrameSize(rows=97, columns=64, samples=1, bits=8)


def frame_of(syntax, bits=8):
    dataset = in_syntax(instance(picture(97, 64, bits), bits), syntax)
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


def box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content


def test_sizes_are_rows_then_columns():
    assert frame_size(jpeg(picture(97, 64))) == SIZE
    assert frame_size(encode_lossless(picture(97, 64), 8)) == SIZE


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_other_codestreams_state_their_bits(syntax, bits):
    assert frame_size(frame_of(syntax, bits)) == SIZE._replace(bits=bits)


def test_fill_bytes_before_a_marker_are_skipped():
    frame = encode_lossless(picture(97, 64), 8)
    assert frame_size(frame[:2] + b"\xff\xff" + frame[2:]) == SIZE


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\x00", b"\x02\0\0\0", b"x"])
def test_damaged_or_other_frames_have_no_size(frame):
    assert frame_size(frame) is None


def test_a_cut_jpeg_2000_header_has_no_size():
    assert frame_size(b"\xff\x4f\xff\x51\x00\x29") is None


def test_the_codestream_of_a_jp2_file_counts_and_not_what_looks_like_one_before_it():
    inner = frame_of(JPEG2000Lossless)
    decoy = inner[:8] + struct.pack(">II", 9, 9) + inner[16:60]
    start = box(b"jP  ", b"\r\n\x87\n") + box(b"uuid", decoy)
    assert frame_size(start + box(b"jp2c", inner)) == SIZE
    assert frame_size(start + struct.pack(">I4sQ", 1, b"jp2c", len(inner) + 16) + inner) == SIZE
    assert frame_size(start) is None
    assert frame_size(start + struct.pack(">I4s", 0, b"free") + inner) is None


def test_what_comes_before_a_codestream_makes_it_unreadable():
    assert frame_size(b"\0" + frame_of(JPEG2000Lossless)) is None


def test_hierarchical_jpeg_which_states_several_sizes_has_none():
    frame = jpeg(picture(97, 64))
    header = struct.pack(">BBHBHHB3B", 0xFF, 0xDE, 11, 8, 60000, 60000, 1, 1, 0x11, 0)
    assert frame_size(frame[:2] + header + frame[2:]) is None
