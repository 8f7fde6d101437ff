import subprocess
from itertools import product

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_windowing

from monai_covid.lab.phantom.dicom_object import write_phantom_dicom
from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions

VARIANTS = list(product(("DX", "CR"), ("MONOCHROME1", "MONOCHROME2"), (8, 12)))
SOP_CLASSES = {"DX": "1.2.840.10008.5.1.4.1.1.1.1", "CR": "1.2.840.10008.5.1.4.1.1.1"}


@pytest.fixture(scope="module")
def image():
    """An image with an odd number of pixels, whose pixel data needs padding."""
    return generate_covid_case(1, 4, "pneumonia", PhantomOptions(size=97))


def write(folder, image, modality="DX", photometric="MONOCHROME2", bits=8):
    path = folder / f"{modality}_{photometric}_{bits}.dcm"
    return write_phantom_dicom(
        path, image, photometric=photometric, bits_stored=bits, modality=modality
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_objects_are_valid(tmp_path, image, dciodvfy, variant):
    path = write(tmp_path, image, *variant)
    report = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False)
    kind = {"DX": "DXImageForPresentation", "CR": "CRImage"}[variant[0]]
    assert report.stderr.strip() == kind
    assert report.returncode == 0


def test_the_validator_finds_a_missing_attribute(tmp_path, image, dciodvfy):
    path = write(tmp_path, image)
    dataset = pydicom.dcmread(path)
    del dataset.PresentationLUTShape
    dataset.save_as(path)
    report = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False)
    assert "Error" in report.stderr


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_displayed_pixels_are_those_of_the_image(tmp_path, image, variant):
    dataset = pydicom.dcmread(write(tmp_path, image, *variant))
    top = 2 ** variant[2] - 1
    shown = apply_windowing(dataset.pixel_array, dataset) * (255 / top)
    if dataset.PresentationLUTShape == "INVERSE":
        shown = 255 - shown
    assert np.array_equal(np.rint(shown), image.pixels)


@pytest.mark.parametrize("bits", [8, 12])
def test_monochrome1_stores_the_complement(tmp_path, image, bits):
    bright, dark = (
        pydicom.dcmread(write(tmp_path, image, "DX", photometric, bits)).pixel_array.astype(int)
        for photometric in ("MONOCHROME2", "MONOCHROME1")
    )
    assert np.array_equal(bright + dark, np.full(bright.shape, 2**bits - 1))


@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_objects_say_what_they_are(tmp_path, image, modality):
    dataset = pydicom.dcmread(write(tmp_path, image, modality))
    assert dataset.SOPClassUID == SOP_CLASSES[modality]
    assert dataset.BodyPartExamined == "CHEST"
    assert dataset.ViewPosition == image.view
    assert dataset.PatientOrientation == ["L", "F"]
    assert (dataset.PatientSex, dataset.PatientAge) == (image.sex, f"{image.age:03d}Y")
    assert str(dataset.PatientName).startswith("Phantom^")
    assert dataset.BurnedInAnnotation == "YES"
    assert (dataset.Rows, dataset.Columns) == image.pixels.shape


def test_burned_in_annotation_is_no_without_text(tmp_path):
    blank = generate_nih_case(1, 1, [], PhantomOptions(size=64, text=False))
    assert pydicom.dcmread(write(tmp_path, blank)).BurnedInAnnotation == "NO"


def test_files_are_the_same_each_time_and_objects_have_their_own_identifiers(tmp_path, image):
    paths = [write(tmp_path, image, *variant) for variant in VARIANTS]
    again = [path.read_bytes() for path in paths]
    assert [write(tmp_path, image, *v).read_bytes() for v in VARIANTS] == again
    datasets = [pydicom.dcmread(path) for path in paths]
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == len(VARIANTS)
    assert len({dataset.StudyInstanceUID for dataset in datasets}) == 1
    assert all(d.SOPInstanceUID == d.file_meta.MediaStorageSOPInstanceUID for d in datasets)


def test_odd_options_are_named_together(tmp_path, image):
    with pytest.raises(ValueError, match=r"photometric.*'RGB'.*bits_stored.*10.*modality.*'MR'"):
        write(tmp_path, image, "MR", "RGB", 10)
    assert not list(tmp_path.iterdir())
