"""Tables of every representation that devices write; the expected entry is worked out by hand."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import PIXELS as CHEST_PIXELS
from tests.dicom.eligibility.chest import chest
from tests.dicom.instances import in_syntax, instance, picture, saved

PIXELS = picture(bits=12)
SIGNED = PIXELS.astype(np.int16) - 2048
CURVE = np.rint(65535 * np.linspace(0, 1, 4096) ** 1.5).astype(np.uint16)
"""More than 32,767, which a signed number of 16 bits cannot hold."""


def table(entries, first, bits=16, vr="US", descriptor_vr="US"):
    item = Dataset()
    count = len(entries) % 65536
    item.add_new("LUTDescriptor", descriptor_vr, [count, first, bits])
    if vr in ("OW", "OB", "UN"):
        item.add_new("LUTData", vr, np.asarray(entries, "<u2").tobytes())
    elif vr == "SS":
        item.add_new("LUTData", vr, np.asarray(entries, "<u2").view("<i2").tolist())
    else:
        item.add_new("LUTData", vr, list(map(int, entries)))
    item.ModalityLUTType = "US"
    return Sequence([item])


def looked_up(entries, first, values):
    return np.asarray(entries)[np.clip(values.astype(int) - first, 0, len(entries) - 1)]


@pytest.mark.parametrize("keyword", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize("vr", ["US", "SS", "OW", "OB", "UN"])
@pytest.mark.parametrize(
    ("pixels", "first", "descriptor_vr"),
    [(PIXELS, 0, "US"), (PIXELS, 100, "SS"), (SIGNED, -2048, "SS"), (SIGNED, 63488, "US")],
)
def test_entries_are_unsigned_whatever_their_representation(
    tmp_path, keyword, vr, pixels, first, descriptor_vr
):
    dataset = instance(
        pixels, 12, **{keyword: table(CURVE, first, 16, vr=vr, descriptor_vr=descriptor_vr)}
    )
    lowest = first - 65536 if pixels is SIGNED and first > 0 else first
    expected = looked_up(CURVE, lowest, pixels)
    np.testing.assert_array_equal(read_radiograph(saved(dataset, tmp_path / "a")), expected)
    if vr in ("US", "OW") and first == lowest:
        shows = apply_modality_lut if keyword.startswith("Modality") else apply_voi_lut
        np.testing.assert_array_equal(shows(pixels, dataset), expected)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("vr", ["US", "SS", "OW"])
@pytest.mark.parametrize("first", [-1024, -1000, 5])
def test_a_table_after_a_negative_rescale_may_begin_below_zero(tmp_path, syntax, vr, first):
    dataset = in_syntax(
        instance(
            *(PIXELS, 12),
            RescaleSlope=1,
            RescaleIntercept=-1024,
            VOILUTSequence=table(CURVE, first, vr=vr, descriptor_vr="SS"),
        ),
        syntax,
    )
    grey = read_radiograph(saved(dataset, tmp_path / "a"))
    np.testing.assert_array_equal(grey, looked_up(CURVE, first, PIXELS.astype(int) - 1024))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("descriptor_vr", ["US", "SS"])
def test_a_table_of_unsigned_values_may_begin_above_32767(tmp_path, syntax, descriptor_vr):
    pixels = picture(bits=16) // 2 + 30000
    pixels[:2] = 0
    first = 40000 - 65536 * (descriptor_vr == "SS")
    voi = table(CURVE, first, descriptor_vr=descriptor_vr)
    dataset = in_syntax(instance(pixels, VOILUTSequence=voi), syntax)
    grey = read_radiograph(saved(dataset, tmp_path / "a"))
    np.testing.assert_array_equal(grey, looked_up(CURVE, 40000, pixels))


@pytest.mark.parametrize("count", [32768, 40000, 65536])
def test_tables_of_more_than_32767_entries(tmp_path, count):
    pixels = picture(bits=16)
    entries = np.arange(count) // 2
    voi = table(entries, 0, vr="OW")
    grey = read_radiograph(saved(instance(pixels, VOILUTSequence=voi), tmp_path / "a"))
    np.testing.assert_array_equal(grey, looked_up(entries, 0, pixels))


@pytest.mark.parametrize("count", [4096, 4095])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("vr", ["OW", "OB"])
def test_packed_entries_of_8_bits(tmp_path, count, syntax, vr):
    entries = (np.arange(count) // 17).astype(np.uint8)
    voi = table([0], 0, 8)
    voi[0].LUTDescriptor = [count, 0, 8]
    packed = entries.tobytes() + b"\0" * (count % 2)
    voi[0].add_new("LUTData", vr, packed)
    dataset = in_syntax(instance(PIXELS, 12, VOILUTSequence=voi), syntax)
    grey = read_radiograph(saved(dataset, tmp_path / "a"))
    np.testing.assert_array_equal(grey, looked_up(entries, 0, PIXELS))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_entries_that_do_not_fill_the_stated_bits_stay_as_they_are(photometric):
    entries = np.rint(4095 * (np.arange(2065) / 2064) ** 1.6)
    voi = table(entries, 736, 16, descriptor_vr="SS")
    grey = read_radiograph(
        instance(PIXELS, 12, VOILUTSequence=voi, PhotometricInterpretation=photometric)
    )
    expected = looked_up(entries, 736, PIXELS)
    np.testing.assert_array_equal(grey, expected if photometric[-1] == "2" else 4095 - expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LUTDescriptor": [4096, 0]}, r"LUTDescriptor \(0028,3002\) is '4096.*0'; 3 numbers"),
        ({"LUTDescriptor": [4096, 0, 32]}, r"LUTDescriptor .* third value.* is 8 to 16"),
        ({"LUTDescriptor": [4095, 0, 16]}, r"LUTData \(0028,3006\) has 4096 entries, .* says 4095"),
        ({"LUTDescriptor": [4096, 0, 12]}, r"LUTData .* entries from 0 to 65535, .* says 12 bits"),
        ({"LUTDescriptor": [4096, 30000, 16]}, "VOILUTSequence .* maps all pixels to one grey"),
        ({"LUTData": None}, r"LUTData \(0028,3006\) "),
    ],
)
def test_unusable_tables_are_refused_and_not_eligible(tmp_path, change, message):
    dataset = chest(VOILUTSequence=table(CURVE, 0))
    item = dataset.VOILUTSequence[0]
    for keyword, value in change.items():
        if value is None:
            delattr(item, keyword)
        else:
            setattr(item, keyword, value)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    pixels = np.concatenate([np.arange(64), np.full(CHEST_PIXELS.size - 64, 4000)])
    dataset.PixelData = pixels.astype("<u2").tobytes()
    path = saved(dataset, tmp_path / "a")
    with pytest.raises(ImageReadError, match=rf"VOILUTSequence \(0028,3010\).*{message}|{message}"):
        read_radiograph(path)
    if "all pixels" not in message:
        (reason,) = ineligibility(read_header(path))
        assert reason.startswith("VOILUTSequence (0028,3010): LUT")


def test_a_first_value_that_can_be_meant_two_ways_is_refused():
    voi = table(CURVE, -536, descriptor_vr="SS")
    with pytest.raises(ImageReadError, match="first mapped value -536; as -536 or 65000"):
        read_radiograph(instance(picture(bits=16), VOILUTSequence=voi))


def test_entries_of_another_kind_are_refused(tmp_path):
    voi = table(CURVE, 0)
    voi[0].add_new("LUTData", "LO", "SECRET")
    with pytest.raises(ImageReadError, match=r"LUTData \(0028,3006\) has the VR 'LO'; US or OW"):
        read_radiograph(instance(PIXELS, 12, VOILUTSequence=voi))


@pytest.mark.parametrize("count", [4096, 4095])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("vr", ["US", "SS"])
def test_entries_of_8_bits_two_to_a_number(tmp_path, count, syntax, vr):
    entries = (np.arange(count) // 17).astype(np.uint8)
    words = np.append(entries, [0] * (count % 2)).astype(np.uint8).view("<u2")
    voi = table(words, 0, 8, vr=vr)
    voi[0].LUTDescriptor = [count, 0, 8]
    dataset = in_syntax(instance(PIXELS, 12, VOILUTSequence=voi), syntax)
    grey = read_radiograph(saved(dataset, tmp_path / "a"))
    np.testing.assert_array_equal(grey, looked_up(entries, 0, PIXELS))


@pytest.mark.parametrize("keyword", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize("explanation", [None, "NORMAL"])
def test_an_item_without_table_is_no_table(tmp_path, keyword, explanation):
    nothing = Dataset()
    if explanation:
        nothing.LUTExplanation = explanation
    window = {"WindowCenter": 2048, "WindowWidth": 2048}
    expected = read_radiograph(instance(PIXELS, 12, **window))
    dataset = instance(PIXELS, 12, **window, **{keyword: Sequence([nothing])})
    np.testing.assert_array_equal(read_radiograph(saved(dataset, tmp_path / "a")), expected)
    dataset[keyword].value = Sequence([nothing, *table(CURVE, 0)])
    grey = read_radiograph(saved(dataset, tmp_path / "a"))
    if keyword == "VOILUTSequence":
        np.testing.assert_array_equal(grey, looked_up(CURVE, 0, PIXELS))
    else:
        assert not np.array_equal(grey, expected)
