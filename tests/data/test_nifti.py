import gzip

import nibabel
import numpy as np
import pytest

from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError
from tests.dicom.instances import picture

PIXELS = picture()


def written(values, path, affine=None, kind=nibabel.Nifti1Image):
    nibabel.save(kind(values, affine), path)
    return path


def assert_upright(path):
    grey = read_image(path)
    assert grey.dtype == np.float32
    assert grey.flags.c_contiguous
    np.testing.assert_array_equal(grey, PIXELS)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("extra_axes", [(), (1,), (1, 1)])
def test_arrays_are_columns_then_rows(tmp_path, name, extra_axes, kind):
    values = PIXELS.T.reshape(*PIXELS.T.shape, *extra_axes)
    assert_upright(written(values, tmp_path / name, np.eye(4), kind))


def test_the_content_decides_whether_it_is_zipped(tmp_path):
    path = written(PIXELS.T, tmp_path / "a.nii")
    path.with_suffix(".dat").write_bytes(gzip.compress(path.read_bytes()))
    assert_upright(path.with_suffix(".dat"))


@pytest.mark.parametrize(
    ("affine", "stored"),
    [
        pytest.param(None, PIXELS.T, id="no geometry"),
        pytest.param(np.eye(4), PIXELS.T, id="identity"),
        pytest.param(np.diag([0.2, 0.2, 1, 1]), PIXELS.T, id="identity with spacing"),
        pytest.param(np.diag([-1, -1, 1, 1]), PIXELS.T, id="ITK (LPS identity)"),
        pytest.param(np.diag([-0.2, 0.2, 1, 1]), PIXELS[::-1].T, id="bottom-up rows (dcm2niix)"),
        pytest.param(np.diag([1, -1, 1, 1]), PIXELS[:, ::-1].T, id="columns to the right"),
    ],
)
@pytest.mark.parametrize("extra_axes", [(), (1,)])
def test_axial_orientations_come_upright(tmp_path, affine, stored, extra_axes):
    values = np.ascontiguousarray(stored).reshape(*stored.shape, *extra_axes)
    assert_upright(written(values, tmp_path / "a.nii", affine))


def coronal(first, second):
    """Affine whose first two array axes point along world axis and sign ``first``, ``second``."""
    affine = np.zeros((4, 4))
    affine[first[0], 0], affine[second[0], 1] = first[1], second[1]
    affine[1, 2] = affine[3, 3] = 1
    return affine


@pytest.mark.parametrize(
    ("affine", "stored"),
    [
        pytest.param(coronal((0, -1), (2, -1)), PIXELS.T, id="left, inferior"),
        pytest.param(coronal((0, -1), (2, 1)), PIXELS[::-1].T, id="left, superior"),
        pytest.param(coronal((0, 1), (2, 1)), PIXELS[::-1, ::-1].T, id="right, superior"),
        pytest.param(coronal((2, -1), (0, -1)), PIXELS, id="inferior, left: rows first"),
        pytest.param(coronal((2, 1), (0, 1)), PIXELS[::-1, ::-1], id="superior, right: rows first"),
    ],
)
def test_coronal_orientations_come_upright(tmp_path, affine, stored):
    assert_upright(written(np.ascontiguousarray(stored)[..., None], tmp_path / "a.nii", affine))


def test_a_coronal_slice_of_a_volume_with_identity_affine(tmp_path):
    stored = np.ascontiguousarray(PIXELS[::-1, ::-1].T)[:, None, :]
    assert_upright(written(stored, tmp_path / "a.nii", np.eye(4)))


def test_slightly_oblique_geometry_goes_to_the_nearest_axes(tmp_path):
    angle = np.deg2rad(10)
    affine = np.diag([-1.0, 1, 1, 1])
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    stored = np.ascontiguousarray(PIXELS[::-1].T)
    assert_upright(written(stored, tmp_path / "a.nii", turn @ affine))


def test_scale_factors_are_applied(tmp_path):
    image = nibabel.Nifti1Image(PIXELS.T, np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    nibabel.save(image, tmp_path / "a.nii")
    reloaded = nibabel.load(tmp_path / "a.nii").get_fdata()
    np.testing.assert_allclose(read_image(tmp_path / "a.nii"), reloaded.T)


COLOUR = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((64, 64, 3), np.float32), r"has shape \(64, 64, 3\); one image is read"),
        (np.zeros((64, 64, 1, 5), np.float32), r"has shape \(64, 64, 1, 5\)"),
        (np.zeros((64, 1, 1), np.float32), r"has shape \(64, 1, 1\)"),
        (np.zeros((64, 1, 1, 64), np.float32), "first three axes"),
        (np.zeros((64, 64), COLOUR), "holds values of type .*R.*; real grey values"),
        (np.zeros((64, 64), np.complex64), "complex64; real grey values"),
        (np.full((64, 64), np.nan, np.float32), "NaN or infinite"),
        (np.full((64, 64), np.inf, np.float32), "NaN or infinite"),
        (np.zeros((31, 64), np.float32), r"is 31 x 64 pixels \(columns x rows\)"),
    ],
)
def test_other_contents_are_refused(tmp_path, values, message):
    refused(written(values, tmp_path / "a.nii", np.eye(4)), message)


def refused(path, message):
    with pytest.raises(ImageReadError, match=message) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_a_sagittal_plane_is_refused(tmp_path):
    affine = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    refused(written(PIXELS.T[..., None], tmp_path / "a.nii", affine), "sagittal plane")


def test_an_axis_without_direction_is_refused(tmp_path):
    image = nibabel.Nifti1Image(PIXELS.T, None)
    path = tmp_path / "a.nii"
    image.to_filename(path)
    content = bytearray(path.read_bytes())
    content[254:256] = b"\x01\x00"  # sform code
    content[280:328] = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]], "<f4").tobytes()
    path.write_bytes(content)
    refused(path, "axis without direction")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_truncated_files_are_refused(tmp_path, name):
    path = written(picture(300, 200).T, tmp_path / name, np.eye(4))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    refused(path, "a.nii")


def test_a_huge_header_is_refused_before_reading(tmp_path):
    path = written(PIXELS.T, tmp_path / "a.nii", np.eye(4))
    content = bytearray(path.read_bytes())
    content[42:46] = (30000).to_bytes(2, "little") * 2
    path.write_bytes(content)
    refused(path, "at most 80 million")
