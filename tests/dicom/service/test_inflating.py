"""A deflated data set as a stream, and parsers that are stopped."""

import io
import struct
import tracemalloc
import zlib

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from monai_covid.dicom.service.acceptance import RefusedError, identify
from monai_covid.dicom.service.inflating import KEPT, InflatingReader, TooLargeError
from tests.dicom.service.studies import image
from tests.dicom.service.test_acceptance import encoded

CONTENT = bytes(range(256)) * 20_000
"""Five times what one can go back by."""


def deflated(content):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def test_it_reads_and_seeks_like_the_inflated_data_set():
    reader, oracle = InflatingReader(deflated(CONTENT), len(CONTENT)), io.BytesIO(CONTENT)
    steps = [(10, 0), (300_000, 0), (0, 2_000_000), (5, -500_000), (70_000, 1_000_000), (9, 9**7)]
    for size, ahead in steps:
        assert reader.read(size) == oracle.read(size)
        assert reader.tell() == oracle.tell()
        assert reader.seek(reader.tell() + ahead) == oracle.seek(oracle.tell() + ahead)
    assert reader.read(10) == b""
    assert reader.seek(0, io.SEEK_END) == len(CONTENT)
    assert InflatingReader(deflated(CONTENT), len(CONTENT)).read() == CONTENT


def test_it_does_not_go_back_further_than_it_remembers():
    reader = InflatingReader(deflated(CONTENT), len(CONTENT))
    reader.seek(4 * KEPT)
    with pytest.raises(ValueError, match="cannot go back"):
        reader.seek(0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (deflated(CONTENT)[:-5], "has no end"),
        (b"", "has no end"),
        (b"\xff" * 100, "not a deflated data set"),
    ],
)
def test_damage_is_an_error(data, reason):
    with pytest.raises(ValueError, match=reason):
        InflatingReader(data, len(CONTENT)).seek(0, io.SEEK_END)


def test_more_than_allowed_is_an_error():
    with pytest.raises(TooLargeError, match="more than 1000 bytes"):
        InflatingReader(deflated(CONTENT), 1000).read(1)


def test_hundreds_of_megabytes_are_looked_at_in_a_few():
    one = image()
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 200_000_000)
    start = encoded(one, False).partition(b"\xe0\x7f\x10\x00")[0]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    megabyte = bytes(1_000_000)
    parts = [deflater.compress(start + pixels), *(deflater.compress(megabyte) for _ in range(200))]
    data = b"".join([*parts, deflater.flush()])
    uids = (one.SOPClassUID, one.SOPInstanceUID)
    tracemalloc.start()
    try:
        got = identify(data, DeflatedExplicitVRLittleEndian, *uids, 320_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert got == identify(encoded(one, False), ExplicitVRLittleEndian, *uids, 320_000_000)
    assert peak < 10_000_000


@pytest.mark.parametrize("is_deflated", [True, False])
def test_a_sequence_of_a_million_empty_items_is_refused(is_deflated):
    one = image()
    item, end = struct.pack("<HHI", 0xFFFE, 0xE000, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    sequence = struct.pack("<HH2sHI", 0x7FE1, 0x1010, b"SQ", 0, 0xFFFFFFFF)
    data = encoded(one, False) + sequence + item * 1_000_000 + end
    syntax = DeflatedExplicitVRLittleEndian if is_deflated else ExplicitVRLittleEndian
    sent = deflated(data) if is_deflated else data
    with pytest.raises(RefusedError, match="elements and items") as told:
        identify(sent, syntax, one.SOPClassUID, one.SOPInstanceUID, 10**9)
    assert told.value.kind == "oversized"
