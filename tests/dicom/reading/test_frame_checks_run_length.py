import struct

import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import RLELossless

from monai_covid.dicom.reading.frame_checks import rle_problem
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import in_syntax, instance, picture


def frame(*segments):
    offsets, position = [], 64
    for segment in segments:
        offsets.append(position)
        position += len(segment)
    header = struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments)))
    return header + b"".join(segments)


@pytest.mark.parametrize("bits", [8, 12])
def test_whole_frames_have_no_problem(bits):
    dataset = in_syntax(instance(picture(bits=bits), bits), RLELossless)
    data = get_frame(dataset.PixelData, 0, number_of_frames=1)
    assert rle_problem(data, 1 if bits == 8 else 2, 97 * 64) is None


def test_runs_literals_and_no_operations_are_counted():
    # A run of 3, the literals 7 and 8, an operation that stands for nothing.
    segment = bytes([254, 5, 1, 7, 8, 128])
    assert rle_problem(frame(segment), 1, 5) is None


def test_a_segment_may_hold_its_pixels_and_one_padding_run():
    run, literal = bytes([129, 0]), bytes([0, 0])
    assert rle_problem(frame(1001 * run), 1, 128_000) is None
    problem = rle_problem(frame(1001 * run + literal), 1, 128_000)
    assert problem == "segment 1 of the RLE frame holds more than its 128000 pixels"


def test_a_frame_of_128_times_its_size_is_refused_before_decoding():
    dataset = in_syntax(instance(picture()), RLELossless)
    dataset.PixelData = encapsulate([frame(bytes([129, 0]) * 1_000_000)])
    with pytest.raises(ImageReadError, match="segment 1 of the RLE frame holds more than its 6208"):
        read_radiograph(dataset)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\1\0\0\0", "has 4 bytes; its header alone has 64"),
        (frame(b"ab", b"cd"), "has 2 segments; 1 belong"),
        (struct.pack("<16I", 1, 4, *[0] * 14) + b"ab", "segment 1 .* outside the frame"),
        (struct.pack("<16I", 1, 400, *[0] * 14) + b"ab", "segment 1 .* outside the frame"),
        (struct.pack("<16I", 2**32 - 1, *[64] * 15) + b"ab", "has 4294967295 segments"),
    ],
)
def test_damaged_headers_are_refused(data, problem):
    dataset = in_syntax(instance(picture()), RLELossless)
    dataset.PixelData = encapsulate([data])
    with pytest.raises(ImageReadError, match=problem):
        read_radiograph(dataset)


def test_segments_in_another_order_are_refused():
    header = struct.pack("<16I", 2, 66, 64, *[0] * 13)
    assert "segment 1 of the RLE frame lies outside" in rle_problem(header + b"abcd", 2, 4)
