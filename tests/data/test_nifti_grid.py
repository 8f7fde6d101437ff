"""Values in the grid of a NIfTI image: whatever its orientation, they lie over its pixels."""

import gzip

import nibabel
import numpy as np
import pytest

from monai_covid.data.images import read_image
from monai_covid.data.nifti import nifti_like
from monai_covid.errors import ImageReadError

GENERATOR = np.random.default_rng(0)
SHAPES = [(40, 50), (40, 50, 1), (40, 1, 50), (1, 40, 50), (40, 50, 1, 1)]


def affines():
    """Every way of laying array axes along world axes."""
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        for signs in np.ndindex(2, 2, 2):
            affine = np.eye(4)
            affine[:3, :3] = np.diag(1 - 2 * np.array(signs))[:, order] * 0.3
            affine[:3, 3] = (10, -20, 30)
            yield affine


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_is_read_comes_to_lie_where_it_was(tmp_path, shape):
    """A brightness written back like relevance must be the stored image again."""
    tried = 0
    for affine in affines():
        stored = GENERATOR.normal(size=shape).astype(np.float32)
        path = tmp_path / "image.nii.gz"
        nibabel.save(nibabel.Nifti1Image(stored, affine), path)
        try:
            upright = read_image(path)
        except ImageReadError as error:
            assert "sagittal" in str(error)
            continue
        tried += 1
        made = tmp_path / "relevance.nii.gz"
        made.write_bytes(nifti_like(path, upright, "Relevance"))
        found = nibabel.load(made)
        np.testing.assert_array_equal(found.get_fdata(), stored)
        np.testing.assert_allclose(found.affine, affine, atol=1e-6)
        assert bytes(found.header["descrip"]).rstrip(b"\0") == b"Relevance"
        np.testing.assert_array_equal(read_image(made), upright)
    assert tried >= 16


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_scale_factors_of_the_image_do_not_touch_the_values(tmp_path, kind):
    image = kind(GENERATOR.integers(0, 4000, (40, 50)).astype(np.int16), np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    nibabel.save(image, tmp_path / "image.nii")
    values = GENERATOR.normal(size=(50, 40)).astype(np.float32)
    (tmp_path / "made.nii.gz").write_bytes(nifti_like(tmp_path / "image.nii", values))
    found = nibabel.load(tmp_path / "made.nii.gz")
    assert type(found) is kind
    assert found.get_data_dtype() == np.float32
    np.testing.assert_array_equal(found.get_fdata().T, values)
    assert int(found.header["sform_code"]) == int(image.header["sform_code"])


def test_the_same_values_give_the_same_bytes(tmp_path):
    path = tmp_path / "image.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((40, 50), np.float32), np.eye(4)), path)
    values = np.ones((50, 40), np.float32)
    assert nifti_like(path, values) == nifti_like(path, values)
    assert gzip.decompress(nifti_like(path, values))


def test_values_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "image.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((40, 50), np.float32), np.eye(4)), path)
    with pytest.raises(ValueError, match=r"\(40, 50\) do not fit .*image.nii"):
        nifti_like(path, np.zeros((40, 50), np.float32))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "image.nii"
    path.write_bytes(b"nothing" * 100)
    with pytest.raises(ImageReadError, match=r"image\.nii"):
        nifti_like(path, np.zeros((40, 50), np.float32))
