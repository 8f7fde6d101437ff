"""Reading a DICOM file into a data set without trusting the sizes it states."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from monai_covid.dicom.image_size import MAXIMUM_PIXELS
from monai_covid.errors import ImageReadError

MAXIMUM_BYTES = 4 * MAXIMUM_PIXELS
"""Largest file, and largest data set after inflating; the largest image needs 3 bytes a pixel."""

SHOWN_CHARACTERS = 500
"""How much of another library's message is passed on; some contain whole tables."""

_QUOTATION = re.compile(r"""'[^']*(?:'|$)|"[^"]*(?:"|$)""")
_LONGEST_QUOTATION = 18
"""A code string of 16 characters in its quotation marks."""

_META_GROUP = 2
_DEFLATED_PIECE = 4096
"""Bytes; a piece inflates to about 1,000 times its size at most, here 4 MB."""


def read_header(path: Path | str) -> Dataset:
    """Return the data set of a DICOM file; pixels are kept as they are stored, not decoded.

    No more memory is taken than a few times the size of the file. Lengths that point beyond the end
    of the file and deflated files that inflate to more than ``MAXIMUM_BYTES`` do not change that.

    Args:
        path: DICOM file with preamble and file meta information (DICOM PS3.10).

    Raises:
        ImageReadError: The file is missing, not DICOM, too large or cannot be parsed. The message
            names the file and holds no patient data.
    """
    path = Path(path)
    try:
        return _parsed(_content(path), path)
    except ImageReadError:
        raise
    except InvalidDicomError as error:
        raise ImageReadError(f"{path}: is not a DICOM file (no 'DICM' at byte 128)") from error
    except OSError as error:
        raise ImageReadError(f"{path}: cannot be opened or read: {error}") from error
    # A damaged file can make the parser fail in any way; whichever it is, the file is the cause.
    except Exception as error:
        raise ImageReadError(f"{path}: cannot be parsed as DICOM: {shown(error)}") from error


def shown(error: Exception) -> str:
    """Return the message of another library's ``error``, cut where it becomes a listing.

    Longer quotations are left out, because damaged values can hold the patient's name.
    """
    message = _QUOTATION.sub(_shortened, str(error))
    return message[:SHOWN_CHARACTERS] or type(error).__name__


def _shortened(quotation: re.Match[str]) -> str:
    return quotation.group() if len(quotation.group()) <= _LONGEST_QUOTATION else "'…'"


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAXIMUM_BYTES:
        raise ImageReadError(f"{path}: has more than {_limit()}, which no radiograph needs")
    return path.read_bytes()


def _limit() -> str:
    return f"{MAXIMUM_BYTES / 1e6:.0f} million bytes"


def _parsed(content: bytes, path: Path) -> Dataset:
    # From memory, because reading a file of 1 kB that claims an element of 4 GB reserves 4 GB.
    stream = io.BytesIO(content)
    preamble = read_preamble(stream, force=False)
    meta = FileMetaDataset(read_dataset(stream, False, True, stop_when=_after_meta))
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        dataset: FileDataset = dcmread(io.BytesIO(content))
    else:
        inflated = read_dataset(_inflated(content[stream.tell() :], path), False, True)
        dataset = FileDataset(str(path), inflated, preamble, meta, False, True)
        dataset.set_original_encoding(False, True, inflated.original_character_set)
    dataset.filename, dataset.buffer = str(path), None
    return dataset


def _after_meta(tag: BaseTag, value_representation: str | None, length: int) -> bool:
    return bool(tag.group != _META_GROUP)


def _inflated(deflated: bytes, path: Path) -> io.BytesIO:
    """Inflate piece by piece, so that little more than the limit is ever held (PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = io.BytesIO()
    for start in range(0, len(deflated), _DEFLATED_PIECE):
        whole.write(inflater.decompress(deflated[start : start + _DEFLATED_PIECE]))
        if whole.tell() > MAXIMUM_BYTES:
            raise ImageReadError(f"{path}: inflates to more than {_limit()}, as no radiograph does")
        if inflater.eof:
            whole.seek(0)
            return whole
    raise ImageReadError(f"{path}: the deflated data set is cut off; the whole file is needed")
