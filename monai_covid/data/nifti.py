"""Grey values of NIfTI files that hold one radiograph.

Orientation. NIfTI arrays are (columns, rows), as ITK and MONAI write them, so they are transposed.
What has no geometry is taken as stored: files without a form code, and files with the axis codes
R and A (an identity affine). In all others the affine decides: columns run to the patient's left,
and rows to posterior (nominal axial, what converters assign to radiographs) or, with an axis along
superior-inferior, to inferior. ITK's diag(-1, -1, 1) is columns to left and rows to posterior
already; the bottom-up rows of dcm2niix come upright.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from monai_covid.dicom.image_size import size_problem
from monai_covid.errors import ImageReadError

_DAMAGE = (OSError, EOFError, ValueError, zlib.error, ImageFileError, HeaderDataError)


def read_nifti(path: Path) -> NDArray[np.float32]:
    """Return the grey values of a NIfTI-1 or NIfTI-2 file, plain or gzipped whatever its name.

    Args:
        path: File with one 2-D image; axes of length 1 are dropped.

    Returns:
        Grey values (H, W) with the scale factor applied, upright as the module says.

    Raises:
        ImageReadError: A volume, a series, colour or complex values, a sagittal plane, NaN or
            infinite values, too small, too large, or damaged.
    """
    try:
        with _opened(path) as file:
            image = _parsed(file)
            plane = _plane_axes(image.shape)
            _check_type(image.get_data_dtype())
            values = np.asarray(image.dataobj).reshape([image.shape[axis] for axis in plane])
            upright = _orientation(_axis_codes(image, plane)).upright(values)
    except (*_DAMAGE, WrapStructError) as error:
        raise ImageReadError(f"{path}: {error}") from error
    if not np.isfinite(upright).all():
        raise ImageReadError(f"{path}: holds NaN or infinite grey values; finite ones are needed")
    return np.ascontiguousarray(upright, dtype=np.float32)


def nifti_like(path: Path | str, upright: NDArray[np.float32], description: str = "") -> bytes:
    """Return a gzipped NIfTI file with values in the grid of another one.

    Shape, affine and form codes are those of ``path``, so that viewers lay one over the other.

    Args:
        path: File that :func:`read_nifti` reads.
        upright: Values (H, W), as :func:`read_nifti` returns them.
        description: Text of the header, at most 79 bytes.

    Raises:
        ImageReadError: ``path`` cannot be read.
        ValueError: ``upright`` has another shape than the image.
    """
    try:
        with _opened(Path(path)) as file:
            image = _parsed(file)
            plane = _plane_axes(image.shape)
            orientation = _orientation(_axis_codes(image, plane))
    except (*_DAMAGE, WrapStructError) as error:
        raise ImageReadError(f"{path}: {error}") from error
    stored = orientation.stored(np.asarray(upright, dtype=np.float32))
    if stored.shape != tuple(image.shape[axis] for axis in plane):
        raise ValueError(f"values {upright.shape} do not fit {path} with shape {image.shape}")
    header = image.header.copy()
    header.set_data_dtype(np.float32)
    header["descrip"] = description.encode()
    header["cal_min"], header["cal_max"] = 0.0, 0.0
    made = type(image)(stored.reshape(image.shape), image.affine, header)
    return gzip.compress(made.to_bytes(), mtime=0)


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if zipped else path.open("rb")


def _parsed(file: IO[bytes]) -> Any:
    start = file.read(8)
    file.seek(0)
    kind = nibabel.Nifti2Image if start[4:8] == b"n+2\x00" else nibabel.Nifti1Image
    return kind.from_stream(file)


def _plane_axes(shape: Sequence[int]) -> tuple[int, int]:
    long_axes = [axis for axis, length in enumerate(shape) if length != 1]
    if len(long_axes) != 2:
        raise ValueError(f"has shape {tuple(shape)}; one image is read, (columns, rows[, 1])")
    problem = size_problem(shape[long_axes[1]], shape[long_axes[0]])
    if problem:
        raise ValueError(problem)
    return long_axes[0], long_axes[1]


def _check_type(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iuf":
        raise ValueError(f"holds values of type {dtype}; real grey values are read")


def _axis_codes(image: Any, plane: tuple[int, int]) -> tuple[str, str] | None:
    """Return where the two axes of ``plane`` point to, or None without usable geometry."""
    header = image.header
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        return None
    codes = nibabel.aff2axcodes(image.affine)
    if max(plane) > 2:
        raise ValueError(f"has shape {image.shape}; the image must lie in the first three axes")
    first, second = codes[plane[0]], codes[plane[1]]
    if first is None or second is None:
        raise ValueError(f"has an affine that leaves an axis without direction: {codes}")
    return first, second


class _Orientation(NamedTuple):
    """How a stored plane comes upright: exchange the axes, then mirror rows and columns."""

    exchanged: bool = True
    mirrored_rows: bool = False
    mirrored_columns: bool = False

    def upright(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return a stored plane upright, (H, W)."""
        return self._mirrored(stored.T if self.exchanged else stored)

    def stored(self, upright: NDArray[Any]) -> NDArray[Any]:
        """Return an upright plane as it is stored."""
        mirrored = self._mirrored(upright)
        return mirrored.T if self.exchanged else mirrored

    def _mirrored(self, plane: NDArray[Any]) -> NDArray[Any]:
        plane = plane[::-1] if self.mirrored_rows else plane
        return plane[:, ::-1] if self.mirrored_columns else plane


def _orientation(codes: tuple[str, str] | None) -> _Orientation:
    if codes is None or codes == ("R", "A"):
        return _Orientation()
    first, second = codes
    exchanged = first in "LR"
    if not exchanged:
        first, second = second, first
    if first not in "LR":
        raise ValueError(f"has a sagittal plane (axes {codes}); a frontal radiograph is needed")
    return _Orientation(exchanged, mirrored_rows=second in "AS", mirrored_columns=first == "R")
