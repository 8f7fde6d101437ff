import io
import zlib

import numpy as np
import pytest
from PIL import Image

from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError
from tests.dicom.instances import picture

PIXELS = picture()


def written(image, path, **options):
    image.save(path, **options)
    return path


def assert_reads(path, expected):
    grey = read_image(path)
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, expected)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff"])
def test_grey_of_8_bits(tmp_path, suffix):
    assert_reads(written(Image.fromarray(PIXELS), tmp_path / f"a.{suffix}"), PIXELS)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_of_16_bits(tmp_path, suffix):
    deep = picture(bits=16)
    assert_reads(written(Image.fromarray(deep), tmp_path / f"a.{suffix}"), deep)


def test_one_bit(tmp_path):
    white = PIXELS > 100
    assert_reads(written(Image.fromarray(white), tmp_path / "a.png"), white * 255)


def test_jpeg_gives_what_the_decoder_gives(tmp_path):
    path = written(Image.fromarray(PIXELS), tmp_path / "a.jpg", quality=90)
    with Image.open(path) as image:
        assert_reads(path, np.asarray(image))


def test_palette(tmp_path):
    image = Image.fromarray(255 - PIXELS, mode="P")
    image.putpalette([255 - value // 3 for value in range(768)])
    assert_reads(written(image, tmp_path / "a.png"), PIXELS)


def test_palette_with_a_transparent_entry(tmp_path):
    image = Image.fromarray(PIXELS, mode="P")
    image.putpalette([value // 3 for value in range(768)])
    path = written(image, tmp_path / "a.png", transparency=200)
    assert_reads(path, np.where(PIXELS == 200, 0, PIXELS))


def test_colour_becomes_luma(tmp_path):
    colours = np.stack([PIXELS, PIXELS[::-1], 255 - PIXELS], axis=2)
    grey = read_image(written(Image.fromarray(colours), tmp_path / "a.png"))
    np.testing.assert_allclose(grey, colours @ [0.299, 0.587, 0.114], atol=0.51)


def test_grey_stored_as_colour_keeps_its_values(tmp_path):
    colours = np.stack([PIXELS] * 3, axis=2)
    assert_reads(written(Image.fromarray(colours), tmp_path / "a.png"), PIXELS)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_lies_over_black(tmp_path, mode):
    alpha = PIXELS[::-1].copy()
    layers = [PIXELS] * (len(mode) - 1)
    image = Image.fromarray(np.stack([*layers, alpha], axis=2), mode=mode)
    grey = read_image(written(image, tmp_path / "a.png"))
    np.testing.assert_allclose(grey, PIXELS * (alpha / 255), atol=1)


def test_transparent_grey_value_of_a_deep_png(tmp_path):
    deep = picture(bits=16)
    path = written(Image.fromarray(deep), tmp_path / "a.png", transparency=int(deep[50, 30]))
    with Image.open(path) as image:
        image.load()
        if "transparency" not in image.info:
            path.write_bytes(_with_transparent_grey(path.read_bytes(), int(deep[50, 30])))
    assert_reads(path, np.where(deep == deep[50, 30], 0, deep))


def _with_transparent_grey(png, value):
    content = b"tRNS" + value.to_bytes(2, "big")
    chunk = (2).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


def test_cmyk_is_read_as_the_colour_it_shows(tmp_path):
    image = Image.fromarray(np.stack([PIXELS] * 3, axis=2)).convert("CMYK")
    path = written(image, tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(read_image(path), PIXELS, atol=3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(tmp_path, orientation, suffix):
    blocks = np.kron(np.arange(12).reshape(4, 3) * 20, np.ones((16, 16))).astype(np.uint8)
    stored = {
        1: blocks,
        2: blocks[:, ::-1],
        3: blocks[::-1, ::-1],
        4: blocks[::-1],
        5: blocks.T,
        6: np.rot90(blocks),
        7: np.rot90(blocks, 2).T,
        8: np.rot90(blocks, 3),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    path = written(image, tmp_path / f"a.{suffix}", exif=exif)
    np.testing.assert_allclose(read_image(path), blocks, atol=3)


def test_interlaced_png(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(_interlaced_png(PIXELS))
    assert_reads(path, PIXELS)


def _interlaced_png(pixels):
    """Adam7 (PNG specification 8.2); Pillow cannot write it."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
    passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = (pixels[top::down, left::right] for top, left, down, right in passes)
    raw = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    rows, columns = pixels.shape
    header = columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes([8, 0, 0, 0, 1])
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in chunks
    )


@pytest.mark.parametrize("pixels", [PIXELS, picture(bits=16)], ids=["8 bits", "16 bits"])
def test_tiff_with_white_as_zero_is_inverted(tmp_path, pixels):
    path = written(Image.fromarray(pixels), tmp_path / "a.tif", tiffinfo={262: 0})
    with Image.open(path) as image:
        assert image.tag_v2[262] == 0
    # Pillow inverts 8 bits while writing, so that reading gives the same again.
    assert_reads(path, pixels if pixels.dtype == np.uint8 else pixels.max() - pixels)


def refused(path, message):
    with pytest.raises(ImageReadError, match=message) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif"])
def test_truncated_files_are_refused(tmp_path, suffix):
    path = written(Image.fromarray(PIXELS), tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    for length, message in ((20, "damaged"), (len(whole) // 2, "cut off")):
        path.write_bytes(whole[:length])
        refused(path, message)


def test_a_damaged_png_chunk_is_refused(tmp_path):
    path = written(Image.fromarray(PIXELS), tmp_path / "a.png")
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    refused(path, "damaged")


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_several_frames_are_refused(tmp_path, suffix):
    first, second = Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)
    path = tmp_path / f"a.{suffix}"
    first.save(path, save_all=True, append_images=[second])
    refused(path, "has 2 pages or frames; exactly 1 is read")


def test_small_images_are_refused(tmp_path):
    path = written(Image.fromarray(PIXELS[:31]), tmp_path / "a.png")
    refused(path, r"is 64 x 31 pixels \(columns x rows\); at least 32 x 32")


@pytest.mark.parametrize(
    ("side", "message"), [(9_100, "at most 80 million"), (60_000, "far too large")]
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_decompression_bombs_are_refused_before_decoding(tmp_path, side, message):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path = tmp_path / "a.png"
    path.write_bytes(content)
    refused(path, message)


def test_values_that_are_not_finite_are_refused(tmp_path):
    values = PIXELS.astype(np.float32)
    values[3, 3] = np.nan
    refused(written(Image.fromarray(values), tmp_path / "a.tif"), "NaN or infinite")


def test_colour_spaces_without_grey_are_refused(tmp_path):
    image = Image.fromarray(np.stack([PIXELS] * 3, axis=2), mode="LAB")
    refused(written(image, tmp_path / "a.tif"), "colour mode 'LAB'; grey or RGB")
