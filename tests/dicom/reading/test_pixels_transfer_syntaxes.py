import io

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from monai_covid.dicom.reading.pixels import read_radiograph
from tests.dicom.instances import in_syntax, instance, jpeg, picture, saved

LOSSLESS = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: uid.name)
def test_lossless_syntaxes_give_the_stored_pixels(tmp_path, syntax, bits):
    pixels = picture(bits=bits)
    path = saved(in_syntax(instance(pixels, bits_stored=bits), syntax), tmp_path / "image")
    assert dcmread(path).file_meta.TransferSyntaxUID == syntax
    grey = read_radiograph(path)
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, pixels)


def test_baseline_jpeg_gives_what_a_jpeg_decoder_gives(tmp_path):
    pixels = picture(96, 64)
    path = saved(in_syntax(instance(pixels), JPEGBaseline8Bit), tmp_path / "image.dcm")
    decoded = np.asarray(Image.open(io.BytesIO(jpeg(pixels))))
    # One grey level, because two JPEG decoders may round differently.
    np.testing.assert_allclose(read_radiograph(path), decoded, atol=1)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_near_lossless_jpeg_ls_stays_within_its_error(tmp_path, bits):
    dataset = instance(picture(bits=bits), bits)
    dataset.compress(JPEGLSNearLossless, generate_instance_uid=False, jls_error=3)
    grey = read_radiograph(saved(dataset, tmp_path / "image.dcm"))
    difference = np.abs(grey - picture(bits=bits))
    assert 0 < difference.max() <= 3


@pytest.mark.parametrize("bits", [8, 12])
def test_lossy_jpeg_2000_gives_what_another_decoder_gives(tmp_path, bits):
    dataset = instance(picture(bits=bits), bits)
    dataset.compress(JPEG2000, generate_instance_uid=False, j2k_cr=[4])
    path = saved(dataset, tmp_path / "image.dcm")
    expected = pixel_array(dcmread(path), decoding_plugin="gdcm")
    assert not np.array_equal(expected, picture(bits=bits))
    np.testing.assert_array_equal(read_radiograph(path), expected)


def of_another_encoder(name):
    dataset = dcmread(get_testdata_file(name, download=False))
    dataset.Modality = "OT"
    for keyword in ("WindowCenter", "WindowWidth", "PixelPaddingValue"):
        if keyword in dataset:
            del dataset[keyword]
    return dataset


def test_jpeg_of_12_bits_agrees_with_another_decoder():
    dataset = of_another_encoder("JPGExtended.dcm")
    expected = pixel_array(dataset, decoding_plugin="pylibjpeg")
    # One grey level of 4,096, because JPEG decoders may round differently.
    np.testing.assert_allclose(read_radiograph(dataset), expected, atol=1)


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "MR_small_expb.dcm"])
def test_instances_of_other_encoders_agree_with_pydicom(name):
    dataset = of_another_encoder(name)
    stored = dataset.pixel_array
    expected = stored * float(dataset.get("RescaleSlope", 1)) + float(
        dataset.get("RescaleIntercept", 0)
    )
    np.testing.assert_array_equal(read_radiograph(dataset), expected)
