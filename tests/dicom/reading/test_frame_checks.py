import struct

import numpy as np
import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    MPEG2MPML,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import in_syntax, instance, picture

START_OF_FRAME = {JPEGBaseline8Bit: 0xC0, JPEGLosslessSV1: 0xC3, JPEGLSLossless: 0xF7}


def with_frame(dataset, frame):
    dataset.PixelData = encapsulate([bytes(frame)])
    return dataset


def coded(syntax):
    dataset = in_syntax(instance(picture(96, 64)), syntax)
    return dataset, bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))


@pytest.mark.parametrize("syntax", START_OF_FRAME)
@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, 16, r"has 1 sample\(s\) of 16 bits, but SamplesPerPixel .* is 1 and BitsAlloc.* is 8"),
        (9, 255, r"has 255 sample\(s\) of 8 bits, but SamplesPerPixel"),
        (5, 0xFF, "frame is 65376 rows x 64 columns, but Rows"),
    ],
)
def test_a_jpeg_frame_that_asks_for_more_is_refused(syntax, offset, value, message):
    dataset, frame = coded(syntax)
    frame[frame.index(bytes([0xFF, START_OF_FRAME[syntax]])) + offset] = value
    with pytest.raises(ImageReadError, match=message):
        read_radiograph(with_frame(dataset, frame))


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (8, struct.pack(">I", 2**31), "frame is 96 rows x 2147483648 columns"),
        (12, struct.pack(">I", 2**32 - 1), "frame is 4294967295 rows x 64 columns"),
        (16, struct.pack(">I", 60), "frame is 96 rows x 4 columns"),
        (40, struct.pack(">H", 16384), "the compressed frame is damaged|has 16384 sample"),
        (42, b"\x25", r"1 sample\(s\) of 38 bits"),
    ],
)
def test_a_jpeg_2000_frame_that_asks_for_more_is_refused(offset, value, message):
    dataset, frame = coded(JPEG2000Lossless)
    frame[offset : offset + len(value)] = value
    with pytest.raises(ImageReadError, match=message):
        read_radiograph(with_frame(dataset, frame))


def test_other_transfer_syntaxes_are_named():
    dataset, _ = coded(RLELossless)
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    with pytest.raises(
        ImageReadError,
        match=r"\(0002,0010\) is '1\..*\.100' \(MPEG2 .*\); uncompressed, RLE, JPEG",
    ):
        read_radiograph(dataset)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_pixel_data_that_is_not_encapsulated_is_refused(syntax):
    dataset = instance(picture())
    dataset.file_meta.TransferSyntaxUID = syntax
    with pytest.raises(ImageReadError, match=r"PixelData \(7FE0,0010\) cannot be decoded \("):
        read_radiograph(dataset)


def test_a_frame_in_several_fragments_is_read():
    dataset, frame = coded(JPEG2000Lossless)
    dataset.PixelData = encapsulate([bytes(frame)], fragments_per_frame=3)
    np.testing.assert_array_equal(read_radiograph(dataset), picture(96, 64))
