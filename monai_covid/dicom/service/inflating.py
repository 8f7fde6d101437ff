"""Reading a data set within bounds: a deflated one is never held inflated, and objects are few."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

PIECE = 1 << 18
"""Bytes that are inflated at once."""

KEPT = 1 << 20
"""Bytes that one can go back by; parsers go back by a few, where they looked for a delimiter."""


class InflatingReader(io.RawIOBase):
    """A deflated data set as a stream that is inflated as far as it is read.

    Half a megabyte can inflate to five hundred. What is stepped over is inflated and forgotten.
    """

    def __init__(self, deflated: bytes, largest: int) -> None:
        """Begin before the first byte.

        Args:
            deflated: The data set (DICOM PS3.5 A.5).
            largest: Bytes that it may have when inflated.
        """
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._rest = deflated
        self._largest = largest
        self._kept = bytearray()
        self._kept_from = 0
        self._position = 0

    def seekable(self) -> bool:
        """Return that one can go forward, and a little back."""
        return True

    def readable(self) -> bool:
        """Return that one can read."""
        return True

    def tell(self) -> int:
        """Return the position in the inflated data set."""
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes; fewer at the end alone.

        Raises:
            ValueError: The data set is damaged, or larger than it may be.
        """
        whole = size < 0
        while (whole or self._end < self._position + size) and self._inflate():
            pass
        start = self._position - self._kept_from
        end = len(self._kept) if whole else min(start + size, len(self._kept))
        found = bytes(self._kept[start:end])
        self._position += len(found)
        self._forget()
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position, also behind the end, and return it.

        Raises:
            ValueError: The data set is damaged, or larger than it may be, or the position is too
                far back.
        """
        if whence == io.SEEK_END:
            self._position = self._end
            while self._inflate():
                self._position = self._end
                self._forget()
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._end}[whence]
        target = start + offset
        if target < self._kept_from:
            raise ValueError(f"cannot go back by {self._position - target} bytes")
        while self._end < target and self._inflate():
            self._position = self._end
            self._forget()
        self._position = target
        return target

    @property
    def _end(self) -> int:
        return self._kept_from + len(self._kept)

    def _inflate(self) -> bool:
        """Inflate another piece; return whether there was one."""
        if self._inflater.eof:
            return False
        try:
            piece = self._inflater.decompress(self._rest, PIECE)
        except zlib.error as error:
            raise ValueError("not a deflated data set") from error
        if not piece and not self._inflater.eof:
            raise ValueError("the deflated data set has no end")
        self._rest = self._inflater.unconsumed_tail
        self._kept += piece
        if self._end > self._largest:
            raise TooLargeError(f"inflates to more than {self._largest} bytes")
        return True

    def _forget(self) -> None:
        """Keep no more than what one can go back by."""
        surplus = min(self._position, self._end) - KEPT - self._kept_from
        if surplus >= PIECE:
            del self._kept[:surplus]
            self._kept_from += surplus


MOST_READS = 200_000
"""Each element and each item takes two or three; a radiograph has a few thousand."""


class BoundedReads:
    """A stream that a parser may read from so often, and no more.

    Parsers make an object of a thousand bytes of an empty sequence item, which has eight.
    """

    def __init__(self, stream: BinaryIO | io.RawIOBase, most: int = MOST_READS) -> None:
        """Let ``stream`` be read from ``most`` times."""
        self._stream = stream
        self._left = most
        self._most = most

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position and return it."""
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes.

        Raises:
            TooLargeError: It was read from too often.
        """
        self._left -= 1
        if self._left < 0:
            raise TooLargeError(f"has more elements and items than {self._most} reads give")
        return self._stream.read(size) or b""


class TooLargeError(ValueError):
    """A data set is larger, inflated or parsed, than is accepted."""
