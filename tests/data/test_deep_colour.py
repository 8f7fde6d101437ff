"""Pictures with 16 bits per channel, against OpenCV and the values that went in."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError
from tests.dicom.instances import picture

DEEP = (picture(bits=12) << 4 | picture(bits=12) >> 8).astype(np.uint16)
COLOURS = np.stack([picture(bits=16, seed=seed) for seed in range(3)], axis=2)
OPAQUE = np.full(DEEP.shape, 65535, np.uint16)
ALPHA = picture(bits=16, seed=9)
KINDS = {"LA": 4, "RGB": 2, "RGBA": 6}
"""Colour types of PNG."""


def png(path, channels, colour_type, extra=b"", interlaced=False):
    rows, columns = channels.shape[:2]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
        passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    big = channels.astype(">u2")
    parts = (big[top::down, left::right] for top, left, down, right in passes)
    raw = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    header = struct.pack(">IIBBBBB", columns, rows, 16, colour_type, 0, 0, interlaced)

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b""))
    return path


def tiff(path, channels, order, bits=16, photometric=2, sample_format=1, extra=None, planes=1):
    """A TIFF file with a strip a plane, written by hand (TIFF 6.0): pixels, then the directory."""
    rows, columns = channels.shape[:2]
    samples = channels.shape[2] if channels.ndim == 3 else 1
    planar = np.moveaxis(channels, 2, 0) if planes == 2 else channels
    data = planar.astype(planar.dtype.newbyteorder(order)).tobytes()
    strips = samples if planes == 2 else 1
    size = len(data) // strips
    tags = [(256, "I", [columns]), (257, "I", [rows]), (258, "H", [bits] * samples)]
    tags += [(259, "H", [1]), (262, "H", [photometric])]
    tags += [(273, "I", [8 + number * size for number in range(strips)])]
    tags += [(277, "H", [samples]), (278, "I", [rows]), (279, "I", [size] * strips)]
    tags += [(284, "H", [planes])] + ([(338, "H", [extra])] if extra is not None else [])
    tags += [(339, "H", [sample_format] * samples)]
    place = 8 + len(data)
    behind = place + 2 + 12 * len(tags) + 4
    directory, values_behind = struct.pack(order + "H", len(tags)), b""
    for tag, kind, values in tags:
        packed = struct.pack(order + kind * len(values), *values)
        if len(packed) > 4:
            offset = behind + len(values_behind)
            values_behind += packed
            packed = struct.pack(order + "I", offset)
        kind_number = {"H": 3, "I": 4}[kind]
        directory += struct.pack(order + "HHI", tag, kind_number, len(values))
        directory += packed.ljust(4, b"\0")
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, place)
    path.write_bytes(start + data + directory + bytes(4) + values_behind)
    return path


def luma(colours):
    """ITU-R 601, to less than one level of 65,536."""
    return colours.astype(float) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_grey_stored_as_deep_colour_keeps_its_values(tmp_path, kind, interlaced):
    channels = np.stack(
        [DEEP] * (len(kind) - kind.endswith("A")) + [OPAQUE] * kind.endswith("A"), 2
    )
    path = png(tmp_path / "a.png", channels, KINDS[kind], interlaced=interlaced)
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(stored[..., 0], DEEP)
    grey = read_image(path)
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, DEEP)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_what_opencv_writes_of_three_planes_is_the_grey_picture(tmp_path, suffix):
    for name, pixels in (("grey", DEEP), ("rgb", np.dstack([DEEP] * 3))):
        assert cv2.imwrite(str(tmp_path / f"{name}.{suffix}"), pixels)
    grey = read_image(tmp_path / f"grey.{suffix}")
    np.testing.assert_array_equal(grey, DEEP)
    np.testing.assert_array_equal(read_image(tmp_path / f"rgb.{suffix}"), grey)


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_deep_colour_of_compressed_tiff(tmp_path, compression):
    path = tmp_path / "a.tif"
    assert cv2.imwrite(str(path), COLOURS[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    np.testing.assert_allclose(read_image(path), luma(COLOURS), atol=1)


@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_colour_becomes_luma(tmp_path, order):
    for path in (
        png(tmp_path / "a.png", COLOURS, 2),
        tiff(tmp_path / "a.tif", COLOURS, order),
        tiff(tmp_path / "b.tif", np.dstack([COLOURS, ALPHA]), order, extra=0),
    ):
        np.testing.assert_allclose(read_image(path), luma(COLOURS), atol=1)


@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_transparency_lies_over_black(tmp_path, order):
    shown = luma(COLOURS) * ALPHA / 65535
    for path in (
        png(tmp_path / "a.png", np.dstack([COLOURS, ALPHA]), 6),
        tiff(tmp_path / "a.tif", np.dstack([COLOURS, ALPHA]), order, extra=2),
    ):
        np.testing.assert_allclose(read_image(path), shown, atol=1.01)
    grey = read_image(png(tmp_path / "b.png", np.dstack([DEEP, ALPHA]), 4))
    np.testing.assert_allclose(grey, DEEP * (ALPHA / 65535), atol=0.51)


def test_a_transparent_colour_of_a_deep_png_is_black(tmp_path):
    channels = np.dstack([DEEP] * 3)
    level = int(DEEP[50, 30])
    content = b"tRNS" + struct.pack(">HHH", level, level, level)
    extra = struct.pack(">I", 6) + content + struct.pack(">I", zlib.crc32(content))
    path = png(tmp_path / "a.png", channels, 2, extra)
    np.testing.assert_array_equal(read_image(path), np.where(level == DEEP, 0, DEEP))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_deep_colour_is_applied(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = exif.tobytes()[6:]
    extra = struct.pack(">I", len(data)) + b"eXIf" + data
    extra += struct.pack(">I", zlib.crc32(b"eXIf" + data))
    path = png(tmp_path / "a.png", np.dstack([DEEP] * 3), 2, extra)
    grey8 = tmp_path / "b.png"
    Image.fromarray((DEEP >> 8).astype(np.uint8)).save(grey8, exif=exif)
    deep = read_image(path)
    assert deep.shape == read_image(grey8).shape
    np.testing.assert_array_equal(deep // 256, read_image(grey8))


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({"photometric": 5}, np.dstack([COLOURS, ALPHA])),
        ({"extra": 1}, np.dstack([COLOURS, ALPHA])),
        ({"planes": 2}, COLOURS),
        ({"bits": 32}, COLOURS.astype(np.uint32)),
        ({"sample_format": 3, "bits": 32}, COLOURS.astype(np.float32)),
        ({"sample_format": 2}, COLOURS.astype(np.int16)),
        ({"photometric": 1, "extra": 2}, np.dstack([DEEP, ALPHA])),
        ({"photometric": 1, "sample_format": 2, "bits": 8}, picture().astype(np.int8)),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_not_read_whole_is_refused(tmp_path, order, options, channels):
    path = tiff(tmp_path / "a.tif", channels, order, **options)
    with pytest.raises(ImageReadError, match=r"bits|kind that is not read"):
        read_image(path)


def test_unsigned_values_of_32_bits_do_not_become_negative(tmp_path):
    values = picture(bits=16).astype(np.uint32) * 65536
    assert values.max() > 2**31
    path = tiff(tmp_path / "a.tif", values, "<", bits=32, photometric=1)
    np.testing.assert_array_equal(read_image(path), values.astype(np.float32))
    signed = (values.astype(np.int64) - 2**31).astype(np.int32)
    path = tiff(tmp_path / "b.tif", signed, "<", bits=32, photometric=1, sample_format=2)
    np.testing.assert_array_equal(read_image(path), signed.astype(np.float32))
