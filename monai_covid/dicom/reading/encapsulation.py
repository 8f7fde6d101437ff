"""The compressed frame of a single-frame instance, put together from its fragments."""

from __future__ import annotations

import struct

from monai_covid.dicom.reading.layout import tag_text

_ITEM = 0xFFFEE000
_DELIMITER = 0xFFFEE0DD
_DELIMITER_BYTES = struct.pack("<HHI", _DELIMITER >> 16, _DELIMITER & 0xFFFF, 0)
_ENDS = (_DELIMITER, 0xFFFEE00D, 0xFFFAFFFA, 0xFFFCFFFC)
"""What is behind the last fragment: the delimiter, or the one that some devices write for it, or,
where there is none, the elements that may follow the pixels."""
_HEADER_BYTES = 8
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
"""Of JPEG and JPEG-LS, and of JPEG 2000."""


def only_frame(pixel_data: bytes) -> bytes:
    """Return the frame of encapsulated pixel data that holds one.

    All fragments belong to it, whatever offset tables say. Fragments of odd length are read, with
    or without a padding byte behind them, and so is pixel data that ends without a delimiter, with
    zeros or with an element that follows the pixels instead.

    Args:
        pixel_data: Value of Pixel Data: offset table, fragments and perhaps the delimiter.

    Raises:
        ValueError: There is no fragment, the last one is cut off, something else stands between
            them, or there are several compressed images.

    Note:
        DICOM PS3.5 A.4.
    """
    _, *fragments = _items(pixel_data)
    if not fragments:
        raise ValueError("there is no fragment behind the offset table")
    if fragments[0].startswith(_STARTS):
        images = sum(fragment.startswith(fragments[0][:3]) for fragment in fragments)
        if images > 1:
            raise ValueError(f"it holds {images} compressed images; a radiograph has 1")
    return fragments[0] if len(fragments) == 1 else b"".join(fragments)


def _items(data: bytes) -> list[bytes]:
    items: list[bytes] = []
    position = 0
    while position < len(data):
        rest = data[position : position + _HEADER_BYTES]
        if not any(rest) and not any(data[position:]):
            break
        if len(rest) < _HEADER_BYTES:
            if _DELIMITER_BYTES.startswith(rest):
                break
            raise ValueError(f"it is cut off behind item {len(items)}")
        tag, length = _item_header(data, position)
        if tag in _ENDS:
            break
        if tag != _ITEM:
            raise ValueError(
                f"{tag_text(tag)} stands at byte {position}, where a fragment {tag_text(_ITEM)} or "
                f"the delimiter {tag_text(_DELIMITER)} is needed"
            )
        start = position + _HEADER_BYTES
        position = start + length
        if position > len(data):
            raise ValueError(
                f"it is cut off: item {len(items)} has {len(data) - start} of {length} bytes"
            )
        items.append(data[start:position])
        if length % 2 and _is_padded(data, position):
            position += 1
    if not items:
        raise ValueError("there is no offset table and no fragment")
    return items


def _item_header(data: bytes, position: int) -> tuple[int, int]:
    group, element, length = struct.unpack_from("<HHI", data, position)
    return group << 16 | element, length


def _is_padded(data: bytes, position: int) -> bool:
    """Tell whether a byte stands between an odd fragment and the next item."""
    known = (struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in (_ITEM, _DELIMITER))
    return data[position + 1 : position + 5] in known or position + 1 == len(data)
