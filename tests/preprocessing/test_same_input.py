"""The same pixels give the same network input, whatever file they come in."""

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.preprocessing.chains import preprocess_file, preprocess_pixels
from tests.dicom.instances import in_syntax, instance, picture, saved


@pytest.fixture(scope="module")
def jpeg_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("jpeg") / "image.jpg"
    Image.fromarray(picture(301, 213)).save(path, quality=90)
    return path


@pytest.fixture(scope="module")
def pixels(jpeg_file):
    """What the JPEG decoder gives is what the other files hold."""
    with Image.open(jpeg_file) as image:
        return np.asarray(image)


def png(pixels, folder):
    path = folder / "image.png"
    Image.fromarray(pixels).save(path)
    return path


def png_16_bit(pixels, folder):
    return png(pixels.astype(np.uint16) * 257, folder)


def dicom(pixels, folder):
    return saved(instance(pixels), folder / "image")


def dicom_monochrome1(pixels, folder):
    return saved(instance(255 - pixels, PhotometricInterpretation="MONOCHROME1"), folder / "image")


def dicom_12_bit(pixels, folder):
    return saved(instance(pixels.astype(np.uint16) * 16, bits_stored=12), folder / "image")


def dicom_16_bit(pixels, folder):
    return saved(instance(pixels.astype(np.uint16) * 257), folder / "image")


def dicom_signed(pixels, folder):
    return saved(instance(pixels.astype(np.int16) * 7 - 900), folder / "image")


def dicom_rescaled(pixels, folder):
    dataset = instance(pixels, RescaleSlope=0.1, RescaleIntercept=-7.3)
    return saved(dataset, folder / "image")


def dicom_with_full_window(pixels, folder):
    dataset = instance(pixels, WindowCenter=128, WindowWidth=256)
    return saved(dataset, folder / "image")


def dicom_falling_then_inverted(pixels, folder):
    attributes = {"RescaleSlope": -1, "RescaleIntercept": 255}
    dataset = instance(pixels, PhotometricInterpretation="MONOCHROME1", **attributes)
    return saved(dataset, folder / "image")


def dicom_jpeg_2000(pixels, folder):
    return saved(in_syntax(instance(pixels), "1.2.840.10008.1.2.4.90"), folder / "image")


def dicom_lossless_jpeg(pixels, folder):
    return saved(in_syntax(instance(pixels), "1.2.840.10008.1.2.4.70"), folder / "image")


def dicom_colour(pixels, folder):
    return saved(instance(np.stack([pixels] * 3, axis=2), Modality="OT"), folder / "image")


def nifti(pixels, folder, name="image.nii", affine=None):
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(pixels.T), affine), folder / name)
    return folder / name


def nifti_zipped(pixels, folder):
    return nifti(pixels.astype(np.float32) / 255, folder, "image.nii.gz", np.diag([-1, -1, 1, 1]))


def nifti_bottom_up(pixels, folder):
    return nifti(pixels[::-1], folder, "image.nii.gz", np.diag([-0.14, 0.14, 1, 1]))


WRITERS = [png, png_16_bit, dicom, dicom_monochrome1, dicom_12_bit, dicom_16_bit, dicom_signed]
WRITERS += [dicom_rescaled, dicom_with_full_window, dicom_falling_then_inverted, dicom_jpeg_2000]
WRITERS += [dicom_lossless_jpeg, dicom_colour, nifti, nifti_zipped, nifti_bottom_up]


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("channels", [1, 3])
def test_same_pixels_same_network_input(jpeg_file, pixels, tmp_path, write, channels):
    expected = preprocess_file(jpeg_file, channels=channels)
    found = preprocess_file(write(pixels, tmp_path), channels=channels)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_a_data_set_in_memory_gives_the_same_as_its_file(pixels, tmp_path):
    path = dicom_monochrome1(pixels, tmp_path)
    dataset = instance(255 - pixels, PhotometricInterpretation="MONOCHROME1")
    torch.testing.assert_close(preprocess_pixels(read_radiograph(dataset)), preprocess_file(path))


@pytest.mark.real_data
def test_real_instances_are_well_exposed(real_data):
    files = sorted((real_data / "dicom").glob("*.dcm"))
    assert len(files) == 6
    for file in files:
        grey = preprocess_file(file) * 0.226 + 0.449
        assert grey.min() >= -1e-6, file.name
        assert grey.max() <= 1 + 1e-6, file.name
        assert grey.mean() == pytest.approx(0.5, abs=0.03), file.name
        assert grey.std() > 0.25, file.name
