"""Reading a DICOM file into a data set without trusting the sizes it states."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import data_element_generator, read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from monai_covid.dicom.image_size import MAXIMUM_PIXELS
from monai_covid.dicom.reading.layout import named, quoted, tag_text
from monai_covid.errors import ImageReadError

MAXIMUM_BYTES = 4 * MAXIMUM_PIXELS
"""Largest file, and largest data set after inflating; the largest image needs 3 bytes a pixel."""

SHOWN_CHARACTERS = 500
"""How much of another library's message is passed on; some contain whole tables."""

_QUOTATION = re.compile(r"""'[^']*(?:'|$)|"[^"]*(?:"|$)""")
_LONGEST_QUOTATION = 18
"""A code string of 16 characters in its quotation marks."""

_PREAMBLE = 128
_PREFIX = b"DICM"
_CUT_OFF = "the file is cut off or damaged"
_META_GROUP = 2
_FIRST_GROUPS = (_META_GROUP, 8)
_LONGEST_FIRST_VALUE = 256
_PIXEL_DATA = 0x7FE00010
_UNDEFINED_LENGTH = 0xFFFFFFFF
_DEFLATED_PIECE = 4096
"""Bytes; a piece inflates to about 1,000 times its size at most, here 4 MB."""

Elements = dict[BaseTag, RawDataElement | DataElement]


def starts_like_dicom(head: bytes) -> bool:
    """Say whether a file begins like DICOM: with preamble and prefix, or with a bare data set.

    Args:
        head: Its first 132 bytes.

    Note:
        DICOM PS3.10 7.1. Old exports have no preamble, and no file meta information either.
    """
    return _start(head) is not None


def _start(head: bytes) -> int | None:
    """Return where file meta information or data set begin; None if it does not look like DICOM."""
    if head[_PREAMBLE:].startswith(_PREFIX):
        return _PREAMBLE + len(_PREFIX)
    if head.startswith(_PREFIX + struct.pack("<H", _META_GROUP)):
        return len(_PREFIX)
    if len(head) < 8:
        return None
    group, element, length = struct.unpack_from("<HHI", head)
    if _is_big_endian(head):
        group, element = struct.unpack_from(">HH", head)
    is_first = group in _FIRST_GROUPS and element <= 0x18
    return 0 if is_first and (_has_vr(head) or length <= _LONGEST_FIRST_VALUE) else None


def _is_big_endian(element: bytes) -> bool:
    """Tell whether an element of the first group (0008) has its higher bytes first."""
    return element.startswith(b"\0\x08") and _has_vr(element)


def read_header(path: Path | str) -> Dataset:
    """Return the data set of a DICOM file; pixels are kept as they are stored, not decoded.

    No more memory is taken than the size of the file. Lengths that point beyond the end of the file
    and deflated files that inflate to more than ``MAXIMUM_BYTES`` do not change that. What follows
    the pixels is not read.

    Args:
        path: DICOM file (DICOM PS3.10). Without preamble, file meta information or transfer syntax
            it is read as the uncompressed data set that it looks like.

    Returns:
        The data set. If the file is cut off, as much as there is; `cut_off` says so.

    Raises:
        ImageReadError: The file is missing, not DICOM, too large or cannot be parsed. The message
            names the file and holds no patient data.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAXIMUM_BYTES:
            raise ImageReadError(f"{path}: has more than {_limit()}, which no radiograph needs")
        with _File(path, size) as file:
            return _parsed(file, path)
    except ImageReadError:
        raise
    except OSError as error:
        raise ImageReadError(f"{path}: cannot be opened or read: {error}") from error
    # A damaged file can make the parser fail in any way; whichever it is, the file is the cause.
    except Exception as error:
        raise ImageReadError(f"{path}: cannot be parsed as DICOM: {shown(error)}") from error


def cut_off(dataset: Dataset) -> str | None:
    """Say where the file of ``dataset`` is cut off, or return None if it is not."""
    sentence: str | None = getattr(dataset, "cut_off", None)
    return sentence


class _File(io.BufferedReader):
    """A file of which no more is asked than there is.

    Reading an element of 4 GB from a file of 1 kB would otherwise reserve 4 GB.
    """

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(io.FileIO(path))
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def shown(error: Exception) -> str:
    """Return the message of another library's ``error``, cut where it becomes a listing.

    Longer quotations are left out, because damaged values can hold the patient's name.
    """
    message = _QUOTATION.sub(_shortened, str(error))
    return message[:SHOWN_CHARACTERS] or type(error).__name__


def _shortened(quotation: re.Match[str]) -> str:
    return quotation.group() if len(quotation.group()) <= _LONGEST_QUOTATION else "'…'"


def _limit() -> str:
    return f"{MAXIMUM_BYTES / 1e6:.0f} million bytes"


def _parsed(file: BinaryIO, path: Path) -> Dataset:
    head = file.read(_PREAMBLE + len(_PREFIX))
    start = _start(head)
    if start is None:
        raise ImageReadError(f"{path}: {_not_dicom(head)}")
    preamble = head[:_PREAMBLE] if head.endswith(_PREFIX) else None
    file.seek(start)
    meta = _meta_of(file)
    syntax = UID(str(meta.get("TransferSyntaxUID") or ""))
    if syntax == DeflatedExplicitVRLittleEndian:
        try:
            file = _inflated(file.read())
        except (ValueError, zlib.error) as error:
            deflated = f"{named('TransferSyntaxUID')} is {quoted(syntax.name)}"
            raise ImageReadError(f"{path}: {deflated}, and the data set {error}") from error
    implicit, little = _encoding(file, syntax)
    if not syntax:
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    elements, missing = _elements(file, implicit, little)
    dataset = FileDataset(str(path), Dataset(elements), preamble, meta, implicit, little)
    dataset.set_original_encoding(implicit, little, _character_set(elements))
    dataset.filename, dataset.buffer = str(path), None
    if missing:
        object.__setattr__(dataset, "cut_off", missing)
    return dataset


def _not_dicom(head: bytes) -> str:
    cut = ""
    if len(head) < _PREAMBLE + len(_PREFIX):
        cut = f", or is cut off: it has {len(head)} bytes"
    return f"is not a DICOM file (no 'DICM' at byte {_PREAMBLE}){cut}"


def _meta_of(file: BinaryIO) -> FileMetaDataset:
    start = file.tell()
    group = file.read(2)
    file.seek(start)
    if group != struct.pack("<H", _META_GROUP):
        return FileMetaDataset()
    return FileMetaDataset(read_dataset(file, False, True, stop_when=_after_meta))


def _encoding(file: BinaryIO, syntax: UID) -> tuple[bool, bool]:
    """Return whether the data set that follows is implicit and little endian.

    Whether elements state their VR is seen at the first one, because some writers state the wrong
    transfer syntax.
    """
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    implicit = syntax in ("", ImplicitVRLittleEndian) if len(head) < 6 else not _has_vr(head)
    is_big_endian = syntax == ExplicitVRBigEndian or (not syntax and _is_big_endian(head))
    return implicit, not is_big_endian


def _has_vr(element: bytes) -> bool:
    return element[4:6].isalpha() and element[4:6].isupper()


def _elements(file: BinaryIO, implicit: bool, little: bool) -> tuple[Elements, str | None]:
    """Return the elements, and where the file is cut off if it is before the end of the pixels."""
    elements: Elements = {}
    last: RawDataElement | DataElement | None = None
    start = file.tell()
    try:
        for last in data_element_generator(file, implicit, little):
            elements.setdefault(last.tag, last)
            start = file.tell()
    # Damage and the end of the file are met in any way: EOFError, struct.error, OSError.
    except Exception as error:
        is_at_end = not file.read(1)
        if _PIXEL_DATA in elements:
            return elements, _shortfall(elements[BaseTag(_PIXEL_DATA)])
        pixels = _without_delimiter(file, start, implicit)
        if pixels is not None:
            return {**elements, pixels.tag: pixels}, None
        if not is_at_end:
            raise ValueError(f"{shown(error)} (behind {_place(last)})") from error
        return elements, f"{_CUT_OFF}: it ends inside an element behind {_place(last)}"
    if _PIXEL_DATA in elements:
        return elements, _shortfall(elements[BaseTag(_PIXEL_DATA)])
    if file.tell() > start:
        return elements, f"{_CUT_OFF}: it ends inside the element behind {_place(last)}"
    return elements, _shortfall(last)


def _without_delimiter(file: BinaryIO, start: int, implicit: bool) -> RawDataElement | None:
    """Return compressed pixels whose end is that of the file, as if it were delimited."""
    file.seek(start)
    group, element = struct.unpack("<HH", file.read(4).ljust(4, b"\0"))
    tag = BaseTag(group << 16 | element)
    if tag != _PIXEL_DATA:
        return None
    representation = None if implicit else file.read(4)[:2].decode("latin-1")
    file.read(4)
    value = file.read()
    return RawDataElement(
        tag, representation, _UNDEFINED_LENGTH, value, file.tell() - len(value), implicit, True
    )


def _shortfall(element: RawDataElement | DataElement | None) -> str | None:
    """Say that the file ends inside the value of an element, or return None if it does not."""
    if not isinstance(element, RawDataElement) or element.length == _UNDEFINED_LENGTH:
        return None
    size = len(element.value or b"")
    if size >= element.length:
        return None
    return f"{_CUT_OFF}: {_place(element)} has {size} of {element.length} bytes"


def _place(element: RawDataElement | DataElement | None) -> str:
    return tag_text(element.tag) if element else "the file meta information"


def _character_set(elements: Elements) -> str | list[str]:
    stated = elements.get(BaseTag(0x00080005))
    if stated is None:
        return str(default_encoding)
    element = stated if isinstance(stated, DataElement) else convert_raw_data_element(stated)
    encodings: list[str] = convert_encodings(element.value)
    return encodings


def _after_meta(tag: BaseTag, value_representation: str | None, length: int) -> bool:
    return bool(tag.group != _META_GROUP)


def _inflated(deflated: bytes) -> io.BytesIO:
    """Inflate piece by piece, so that little more than the limit is ever held (PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = io.BytesIO()
    for start in range(0, len(deflated), _DEFLATED_PIECE):
        whole.write(inflater.decompress(deflated[start : start + _DEFLATED_PIECE]))
        if whole.tell() > MAXIMUM_BYTES:
            raise ValueError(f"inflates to more than {_limit()}, as no radiograph does")
        if inflater.eof:
            whole.seek(0)
            return whole
    raise ValueError("is cut off; the whole file is needed")
