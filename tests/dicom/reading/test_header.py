"""Files that claim more than they hold must not cost more memory than they hold."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from monai_covid.dicom.reading.header import MAXIMUM_BYTES, read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import in_syntax, instance, picture, saved

MEMORY_LIMIT = 1 << 30
READ_WITHIN_LIMIT = """
import resource, sys
from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
try:
    read_radiograph(sys.argv[1])
except ImageReadError as error:
    assert not isinstance(error.__cause__, MemoryError), "refused only for want of memory"
    print(error)
"""


def refusal_within_limit(path):
    """What the reader says of ``path`` in a process that has 1 GiB of addresses."""
    done = subprocess.run(
        [sys.executable, "-c", READ_WITHIN_LIMIT, str(path), str(MEMORY_LIMIT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith(str(path)), done.stdout
    assert "SECRET" not in done.stdout
    return done.stdout


def rewritten(path, old, new):
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    return path


@pytest.mark.parametrize("syntax", [None, DeflatedExplicitVRLittleEndian])
def test_the_data_set_is_that_of_pydicom(tmp_path, syntax):
    dataset = instance(picture(), WindowCenter=[1, 2], SeriesDescription="Röntgen")
    dataset.SpecificCharacterSet = "ISO_IR 100"
    path = saved(in_syntax(dataset, syntax) if syntax else dataset, tmp_path / "image.dcm")
    found, expected = read_header(path), dcmread(path)
    assert found == expected
    assert found.file_meta == expected.file_meta
    assert found.filename == str(path)
    assert found.original_encoding == expected.original_encoding
    assert found.SeriesDescription == "Röntgen"


def test_a_deflated_file_that_inflates_to_gigabytes_is_refused(tmp_path):
    path = saved(in_syntax(instance(picture()), DeflatedExplicitVRLittleEndian), tmp_path / "bomb")
    start = dcmread(path).file_meta.FileMetaInformationGroupLength + 144
    zeros = bytes(1 << 24)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(path.read_bytes()[:start] + 128 * block + deflater.flush())
    assert path.stat().st_size < 3_000_000 < MAXIMUM_BYTES < 128 * len(zeros)
    assert "inflates to more than 320 million bytes" in refusal_within_limit(path)


def test_a_cut_deflated_file_is_refused(tmp_path):
    path = saved(in_syntax(instance(picture()), DeflatedExplicitVRLittleEndian), tmp_path / "cut")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ImageReadError, match=r"cut: Tr.* is 'Deflated.* is cut off"):
        read_header(path)


def test_a_file_that_is_too_large_is_refused_without_being_read(tmp_path):
    path = saved(instance(picture()), tmp_path / "large")
    with path.open("r+b") as file:
        file.truncate(1 << 33)  # a hole on disk
    assert "has more than 320 million bytes" in refusal_within_limit(path)


@pytest.mark.parametrize("keyword", ["ICCProfile", "RedPaletteColorLookupTableData"])
def test_an_element_that_claims_more_than_the_file_is_refused(tmp_path, keyword):
    path = saved(instance(picture(), **{keyword: b"12345678"}), tmp_path / "image.dcm")
    old, new = (struct.pack("<I", size) + b"1234" for size in (8, 0xFFFFFFF0))
    assert "PixelData (7FE0,0010) is missing" in refusal_within_limit(rewritten(path, old, new))


def test_pixel_data_that_claims_more_than_the_file_is_refused(tmp_path):
    pixels = picture()
    path = saved(instance(pixels), tmp_path / "image.dcm")
    old, new = (struct.pack("<I", size) + pixels.tobytes()[:8] for size in (97 * 64, 0xFFFFFFF0))
    # What is there is taken; it is all of the image.
    np.testing.assert_array_equal(read_radiograph(rewritten(path, old, new)), pixels)


def test_absurd_rows_and_columns_are_refused(tmp_path):
    path = saved(instance(picture(), Rows=65535, Columns=65535), tmp_path / "image.dcm")
    assert "4295 million; at most 80 million are read" in refusal_within_limit(path)


@pytest.mark.parametrize("has_lengths", [True, False])
def test_sequences_nested_ten_thousand_deep_are_refused_or_left_alone(tmp_path, has_lengths):
    depth = 10_000
    sequence = bytes.fromhex("08004011") + b"SQ\0\0"  # Referenced Image Sequence
    item = bytes.fromhex("feff00e0")
    if has_lengths:
        nested = b""
        for _ in range(depth):
            size = struct.pack("<I", len(nested) + 8)
            nested = sequence + size + item + struct.pack("<I", len(nested)) + nested
    else:
        nested = (sequence + b"\xff" * 4 + item + b"\xff" * 4) * depth
    dataset = instance(picture())
    path = saved(dataset, tmp_path / "deep.dcm")
    place = path.read_bytes().index(bytes.fromhex("10001000") + b"PN")
    content = path.read_bytes()
    path.write_bytes(content[:place] + nested + content[place:])
    if has_lengths:
        # Sequences with a length are skipped until they are asked for.
        np.testing.assert_array_equal(read_radiograph(path), picture())
    else:
        assert "cannot be parsed" in refusal_within_limit(path)


def test_what_is_not_dicom_is_refused(tmp_path):
    path = tmp_path / "text.dcm"
    for content in (b"", b"SECRET", bytes(128) + b"DICM", bytes(128) + b"DICM\x02\0"):
        path.write_bytes(content)
        with pytest.raises(ImageReadError, match=r"text\.dcm: "):
            read_radiograph(path)


def test_a_message_of_the_parser_does_not_hold_values(tmp_path):
    item = Dataset()
    item.PatientName = "SECRET^PERSON"
    path = saved(instance(picture(), RequestAttributesSequence=Sequence([item])), tmp_path / "a")
    content = path.read_bytes()
    for position in range(content.index(b"SECRET") - 60, content.index(b"SECRET") + 60):
        damaged = bytearray(content)
        damaged[position] ^= 0x15
        path.write_bytes(damaged)
        try:
            read_radiograph(path)
        except ImageReadError as error:
            assert "PERSON" not in str(error)
