"""Frames whose depth and sign differ from those of the header, against the pixels that went in."""

import io

import numpy as np
import pytest
from openjpeg.utils import encode_array
from PIL import Image
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import chest
from tests.dicom.instances import in_syntax, instance, jpeg, picture
from tests.dicom.reading.lossless_jpeg import encode_lossless


def framed(frame, syntax, dataset):
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def encoded(syntax, pixels, bits):
    """A frame of unsigned ``pixels`` with a precision of ``bits``."""
    if syntax in (JPEGBaseline8Bit, JPEGExtended12Bit):
        return jpeg(pixels)
    if syntax == JPEGLosslessSV1:
        return encode_lossless(pixels, bits)
    if syntax == JPEG2000Lossless:
        return encode_array(pixels, bits_stored=bits, photometric_interpretation=2)
    dataset = in_syntax(instance(pixels, bits), JPEGLSLossless)
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


SYNTAXES = [JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless]
every_codec = pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
lossless = pytest.mark.parametrize("syntax", SYNTAXES[2:], ids=lambda uid: uid.name)


@every_codec
@pytest.mark.parametrize("stored", [8, 12, 16])
def test_frames_of_8_bits_are_read_in_16_allocated_bits(syntax, stored):
    pixels = picture(320, 260)
    frame = encoded(syntax, pixels, 8)
    expected = np.asarray(Image.open(io.BytesIO(frame))) if syntax in SYNTAXES[:2] else pixels
    dataset = framed(frame, syntax, chest(BitsAllocated=16, BitsStored=stored, HighBit=stored - 1))
    assert ineligibility(dataset) == []
    np.testing.assert_array_equal(read_radiograph(dataset), expected)


@lossless
@pytest.mark.parametrize("precision", [10, 12, 16])
def test_frames_of_more_bits_than_stored_are_read_if_their_values_fit(syntax, precision):
    pixels = picture(bits=10) if precision < 12 else picture(bits=12)
    stored = 10 if precision < 12 else 12
    dataset = framed(encoded(syntax, pixels, precision), syntax, instance(pixels, stored))
    np.testing.assert_array_equal(read_radiograph(dataset), pixels)
    if precision > stored:
        deeper = pixels * 2
        dataset = framed(encoded(syntax, deeper, precision), syntax, instance(pixels, stored))
        with pytest.raises(ImageReadError, match=r"values from 0 to 8190, .* BitsStored .* 12"):
            read_radiograph(dataset)


@lossless
def test_signed_values_are_twos_complement_in_bits_stored(syntax):
    pixels = picture(bits=12)
    dataset = framed(encoded(syntax, pixels, 12), syntax, instance(pixels, 12))
    dataset.PixelRepresentation = 1
    expected = (pixels.astype(int) + 2048) % 4096 - 2048
    np.testing.assert_array_equal(read_radiograph(dataset), expected)


@lossless
def test_signed_values_of_16_bits_with_12_stored_keep_their_sign(syntax):
    signed = picture(bits=12).astype(np.int16) - 2048
    frame = encoded(syntax, signed.view(np.uint16), 16)
    dataset = framed(frame, syntax, instance(signed, 12))
    np.testing.assert_array_equal(read_radiograph(dataset), signed)


@pytest.mark.parametrize("stored", [12, 16])
def test_signed_jpeg_2000_is_read_by_its_own_sign(stored):
    signed = picture(bits=12).astype(np.int16) - 2048
    frame = encode_array(signed, bits_stored=12, photometric_interpretation=2)
    dataset = framed(frame, JPEG2000Lossless, instance(signed, stored))
    np.testing.assert_array_equal(read_radiograph(dataset), signed)


@lossless
def test_a_sign_that_cannot_be_found_is_refused(syntax):
    pixels = picture(bits=12)
    dataset = framed(encoded(syntax, pixels, 12), syntax, instance(pixels.view(np.int16), 16))
    with pytest.raises(
        ImageReadError,
        match=r"unsigned samples of 12 bits, .* BitsStored .* 16 and PixelRepresentation .* 1",
    ):
        read_radiograph(dataset)


@every_codec
@pytest.mark.parametrize("padding", [b"\0" * 7, b"\xff" * 20, b" \0", b"made by SOME DEVICE"])
def test_what_stands_behind_the_end_of_a_frame_is_left_out(syntax, padding):
    pixels = picture(320, 260)
    frame = encoded(syntax, pixels, 8)
    expected = read_radiograph(framed(frame, syntax, chest()))
    dataset = framed(frame + padding, syntax, chest())
    assert ineligibility(dataset) == []
    np.testing.assert_array_equal(read_radiograph(dataset), expected)


@pytest.mark.parametrize("syntax", [*SYNTAXES[:2], *SYNTAXES[3:]], ids=lambda uid: uid.name)
def test_a_frame_without_end_marker_is_cut_off(syntax):
    frame = encoded(syntax, picture(320, 260), 8).rstrip(b"\0").removesuffix(b"\xff\xd9")
    dataset = framed(frame, syntax, chest())
    (reason,) = ineligibility(dataset)
    assert "the compressed frame is cut off" in reason
    with pytest.raises(ImageReadError, match="the compressed frame is cut off"):
        read_radiograph(dataset)


JPEG_KINDS = [JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLosslessSV1]


@pytest.mark.parametrize("stated", SYNTAXES, ids=lambda uid: uid.name)
# Extended JPEG of 12 bits has no encoder here; test_pixels_dcmtk has that of DCMTK.
@pytest.mark.parametrize(
    ("syntax", "bits"),
    [
        (syntax, bits)
        for syntax in SYNTAXES[1:]
        for bits in (8, 12)
        if (syntax, bits) != (JPEGExtended12Bit, 12)
    ],
)
def test_jpeg_is_read_by_its_own_kind_and_what_is_no_jpeg_refused(syntax, stated, bits):
    pixels = picture(320, 260, bits)
    frame = encoded(syntax, pixels, bits)
    right = framed(frame, syntax, chest(BitsAllocated=16, BitsStored=bits, HighBit=bits - 1))
    wrong = framed(frame, stated, chest(BitsAllocated=16, BitsStored=bits, HighBit=bits - 1))
    if syntax == stated or {syntax, stated} <= set(JPEG_KINDS):
        assert ineligibility(wrong) == []
        np.testing.assert_array_equal(read_radiograph(wrong), read_radiograph(right))
        return
    (reason,) = ineligibility(wrong)
    assert "is what its transfer syntax says" in reason
    with pytest.raises(ImageReadError, match="the compressed frame is JPEG"):
        read_radiograph(wrong)
