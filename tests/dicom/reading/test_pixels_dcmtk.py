"""Pixels against dcmtk, which shares no decoder and no lookup code with the reader."""

import subprocess

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from monai_covid.dicom.reading.pixels import read_radiograph
from tests.dicom.dcmtk import convert, rendered
from tests.dicom.eligibility.chest import chest, with_attributes
from tests.dicom.instances import lookup_table, picture, saved, set_pixels

pytestmark = pytest.mark.pacs


def image(bits=8, **attributes):
    dataset = chest(BitsAllocated=8 if bits == 8 else 16, BitsStored=bits, HighBit=bits - 1)
    set_pixels(dataset, picture(320, 260, bits).tobytes())
    return with_attributes(dataset, **attributes)


EXACT = [
    (JPEGLossless, ["dcmcjpeg", "+el"], "dcmdjpeg"),
    (JPEGLossless, ["dcmcjpeg", "+el", "+sv", "6"], "dcmdjpeg"),
    (JPEGLosslessSV1, ["dcmcjpeg", "+e1"], "dcmdjpeg"),
    (JPEGLSLossless, ["dcmcjpls", "+el"], "dcmdjpls"),
    (JPEGLSNearLossless, ["dcmcjpls", "+en", "+md", "3"], "dcmdjpls"),
    (RLELossless, ["dcmcrle"], "dcmdrle"),
    (ImplicitVRLittleEndian, ["dcmconv", "+ti"], "dcmconv"),
    (ExplicitVRBigEndian, ["dcmconv", "+tb"], "dcmconv"),
    (DeflatedExplicitVRLittleEndian, ["dcmconv", "+td"], "dcmconv"),
]


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize(("syntax", "encoder", "decoder"), EXACT)
def test_what_dcmtk_writes_is_read_as_dcmtk_reads_it(tmp_path, syntax, encoder, decoder, bits):
    original = saved(image(bits), tmp_path / "original.dcm")
    coded = convert(encoder, original)
    assert dcmread(coded).file_meta.TransferSyntaxUID == syntax
    expected = dcmread(convert([decoder], coded)).pixel_array
    np.testing.assert_array_equal(read_radiograph(coded), expected)
    if syntax != JPEGLSNearLossless:
        np.testing.assert_array_equal(expected, picture(320, 260, bits))


@pytest.mark.parametrize(
    ("syntax", "encoder", "bits"),
    [(JPEGBaseline8Bit, "+eb", 8), (JPEGExtended12Bit, "+ee", 8), (JPEGExtended12Bit, "+ee", 12)],
)
def test_lossy_jpeg_is_read_as_dcmtk_reads_it(tmp_path, syntax, encoder, bits):
    coded = convert(["dcmcjpeg", encoder], saved(image(bits), tmp_path / "original.dcm"))
    assert dcmread(coded).file_meta.TransferSyntaxUID == syntax
    expected = dcmread(convert(["dcmdjpeg"], coded)).pixel_array
    # One grey level, because two JPEG decoders may round differently.
    np.testing.assert_allclose(read_radiograph(coded), expected, atol=1)


@pytest.mark.parametrize("encoder", ["+el", "+e1"])
def test_grey_stored_as_colour_in_lossless_jpeg_is_read(tmp_path, encoder):
    grey = picture(320, 260)
    colour = image(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    set_pixels(colour, np.stack([grey] * 3, axis=2).tobytes())
    coded = convert(["dcmcjpeg", encoder], saved(colour, tmp_path / "original.dcm"))
    np.testing.assert_array_equal(read_radiograph(coded), grey)


TABLE = [v**2 // 4095 for v in range(4096)]
DISPLAYS = {
    "window": (["+Wi", "1"], {"WindowCenter": [1500, 9], "WindowWidth": [1000, 3]}),
    "sigmoid": (
        ["+Wi", "1"],
        {"WindowCenter": 1500, "WindowWidth": 1000, "VOILUTFunction": "SIGMOID"},
    ),
    "table": (["+Wl", "1"], {"VOILUTSequence": lookup_table(TABLE, 0, 12)}),
    "rescale": (
        ["+Wi", "1"],
        {
            **{"RescaleSlope": 2, "RescaleIntercept": -100, "RescaleType": "US"},
            **{"WindowCenter": 3000, "WindowWidth": 2000},
        },
    ),
}


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("display", DISPLAYS)
def test_pictures_are_shown_as_dcmtk_shows_them(tmp_path, display, photometric):
    options, attributes = DISPLAYS[display]
    path = saved(image(12, PhotometricInterpretation=photometric, **attributes), tmp_path / "a.dcm")
    shown = read_radiograph(path) / 4095 * 255
    # dcmtk shows 256 levels, rounded or cut off: one level, and rounding of the window's edges.
    np.testing.assert_allclose(shown, rendered(path, options), atol=1.01)


def test_overlays_are_ignored_as_dcmtk_does_when_asked(tmp_path):
    plain = image(12)
    overlay = image(12)
    overlay.add_new(0x60000010, "US", 320)
    overlay.add_new(0x60000011, "US", 260)
    overlay.add_new(0x60000040, "CS", "G")
    overlay.add_new(0x60000050, "SS", [1, 1])
    overlay.add_new(0x60000100, "US", 1)
    overlay.add_new(0x60000102, "US", 0)
    overlay.add_new(0x60003000, "OW", b"\xff" * (320 * 260 // 8))
    paths = [saved(overlay, tmp_path / "overlay.dcm"), saved(plain, tmp_path / "plain.dcm")]
    np.testing.assert_array_equal(*(read_radiograph(path) for path in paths))
    options = ["+Wn"]
    assert not np.array_equal(
        rendered(paths[0], [*options, "+O", "1"]), rendered(paths[1], options)
    )
    shown = [rendered(path, [*options, "-O"]) for path in paths]
    np.testing.assert_array_equal(*shown)


def test_both_take_the_same_file_for_damaged(tmp_path):
    coded = convert(["dcmcjpeg", "+e1"], saved(image(12), tmp_path / "original.dcm"))
    content = coded.read_bytes()
    coded.write_bytes(content.replace(b"\xff\xc4", b"\x00\x00"))
    with pytest.raises(ValueError, match="cannot be decoded"):
        read_radiograph(coded)
    with pytest.raises(subprocess.CalledProcessError):
        convert(["dcmdjpeg"], coded)
