import io

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.dicom.pixels import read_radiograph
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


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG2000.dcm", "MR_small_expb.dcm"])
def test_instances_of_other_encoders_agree_with_pydicom(name):
    dataset = dcmread(get_testdata_file(name, download=False))
    dataset.Modality = "OT"
    for keyword in ("WindowCenter", "WindowWidth", "PixelPaddingValue"):
        if keyword in dataset:
            del dataset[keyword]
    stored = dataset.pixel_array
    expected = stored * float(dataset.get("RescaleSlope", 1)) + float(
        dataset.get("RescaleIntercept", 0)
    )
    np.testing.assert_array_equal(read_radiograph(dataset), expected)
