import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
)

from monai_covid.data.images import find_images, read_image
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import (
    PATIENT_NAME,
    in_syntax,
    instance,
    lookup_table,
    picture,
    saved,
    set_pixels,
)


def test_path_string_and_data_set_give_the_same(tmp_path):
    path = saved(instance(picture()), tmp_path / "image.dcm")
    for source in (path, str(path), dcmread(path)):
        np.testing.assert_array_equal(read_radiograph(source), picture())


@pytest.mark.parametrize("spread", [0, 2])
def test_grey_stored_as_colour_is_read(spread):
    pixels = np.clip(picture(), 0, 250)
    colours = np.stack([pixels, pixels, pixels + spread], axis=2)
    found = read_radiograph(instance(colours, Modality="OT"))
    np.testing.assert_allclose(found, pixels, atol=spread / 2)


def refused(source, message):
    with pytest.raises(ImageReadError, match=message) as caught:
        read_radiograph(source)
    assert "SECRET" not in str(caught.value)
    return str(caught.value)


def test_real_colour_is_refused():
    colours = np.stack([picture(), picture(), picture(seed=1)], axis=2)
    refused(instance(colours), r"SamplesPerPixel \(0028,0002\) is 3 and red, green and blue differ")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"Modality": "CT"}, r"Modality \(0008,0060\) is 'CT'; one of CR / DX"),
        ({"PresentationIntentType": "FOR PROCESSING"}, r"\(0008,0068\).*'FOR PRESENTATION'"),
        ({"NumberOfFrames": 2}, r"NumberOfFrames \(0028,0008\) is 2; a radiograph has 1"),
        ({"PresentationLUTShape": "inverse"}, r"\(2050,0020\) is 'INVERSE'.*contradict"),
        ({"PresentationLUTShape": "INVERSE"}, r"\(2050,0020\) is 'INVERSE'.*contradict"),
        ({"SamplesPerPixel": 4}, r"SamplesPerPixel \(0028,0002\) is 4"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, r"\(0028,0004\) is 'PALETTE COLOR'"),
        ({"BitsAllocated": 32}, r"BitsAllocated \(0028,0100\) is 32; 8 / 16"),
        ({"BitsStored": 12}, r"BitsStored \(0028,0101\) is 12; 6 to 8"),
        ({"HighBit": 11}, r"HighBit \(0028,0102\) is 11; bits stored - 1 = 7"),
        ({"Rows": 16}, r"64 x 16 pixels .* at least 32 x 32"),
        ({"Rows": 65535, "Columns": 65535}, r"4295 million; at most 80 million"),
        ({"Rows": 96}, r"PixelData \(7FE0,0010\) has 6208 bytes; 96 rows x 64 .* need 6144"),
        ({"Columns": 65}, r"has 6208 bytes; .* need 6305"),
        ({"PixelData": b""}, r"PixelData \(7FE0,0010\) is missing or empty \(SOP class: Computed"),
    ],
)
def test_unusable_headers_are_refused(attributes, message):
    dataset = instance(picture(), **attributes)
    assert str(dataset.SOPInstanceUID) in refused(dataset, message)


@pytest.mark.parametrize("value", [0, 77])
def test_blank_images_are_refused(value):
    blank = np.full((97, 64), value, np.uint8)
    for pixels in (blank, np.stack([blank] * 3, axis=2)):
        refused(instance(pixels), f"all pixels have the grey value {value}; a picture is needed")


def test_all_problems_of_a_header_are_reported_together():
    text = refused(instance(picture(), Modality="MR", NumberOfFrames=9, BitsStored=3), "Modality")
    assert "NumberOfFrames" in text
    assert "BitsStored" in text


def test_the_file_is_named(tmp_path):
    path = saved(instance(picture(), Modality="MR"), tmp_path / "one.dcm")
    assert refused(path, "Modality").startswith(str(path))
    assert refused(dcmread(path), "Modality").startswith(str(path))


def test_a_data_set_without_transfer_syntax_is_refused():
    dataset = instance(picture())
    del dataset.file_meta.TransferSyntaxUID
    refused(dataset, r"TransferSyntaxUID \(0002,0010\) is missing")


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless])
def test_a_frame_of_another_size_is_refused_before_decoding(syntax):
    dataset = in_syntax(instance(picture(96, 64)), syntax)
    dataset.Rows = 48
    refused(dataset, r"frame is 96 rows x 64 columns, but Rows .* is 48 x 64")


def test_a_damaged_frame_is_refused():
    dataset = in_syntax(instance(picture(96, 64)), JPEG2000Lossless)
    set_pixels(dataset, dataset.PixelData[:60])
    refused(dataset, r"PixelData \(7FE0,0010\) .* \(JPEG 2000 .*cut off: item 1 has 40 of \d+")


def test_a_frame_that_is_damaged_behind_its_header_is_refused():
    dataset = in_syntax(instance(picture(96, 64)), JPEG2000Lossless)
    frame = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    frame[45:-2] = bytes(len(frame) - 47)
    set_pixels(dataset, encapsulate([bytes(frame)]))
    refused(dataset, r"PixelData \(7FE0,0010\) cannot be decoded \(TransferSyntaxUID .* JPEG 2000")


def test_files_that_are_not_dicom_are_refused(tmp_path):
    text = tmp_path / "text.dcm"
    text.write_text(PATIENT_NAME)
    refused(text, "no 'DICM' at byte 128")
    refused(tmp_path / "missing.dcm", "cannot be opened")


def test_damaged_header_elements_are_refused(tmp_path):
    path = saved(instance(picture()), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes().replace(b"\x28\x00\x11\x00US", b"\x28\x00\x11\x00U\x1c"))
    refused(path, r"image.dcm: Columns \(0028,0011\) is stored with the VR .*the VR US is needed")


def test_messages_of_other_libraries_are_cut(tmp_path):
    dataset = instance(picture(), VOILUTSequence=lookup_table([0] * 4096, 0, 8))
    dataset.VOILUTSequence[0].LUTData = "x" * 5000
    assert len(refused(dataset, "DICOM instance")) < 700


def test_truncated_files_are_refused(tmp_path):
    path = saved(instance(picture()), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes()[:-3000])
    refused(path, "image.dcm")


@pytest.mark.parametrize(
    "surplus",
    [
        b"\0",
        b"\0" * 510,
        b"\xff" * 128,
        b"  ",
        b"\0" * 64 * 97,
        b"\xd0\7" * 500,
        b"16 are no pixels",
    ],
)
def test_surplus_padding_is_left_out(tmp_path, surplus):
    dataset = instance(picture(bits=12), 12)
    dataset.PixelData += surplus
    path = saved(dataset, tmp_path / "a")
    np.testing.assert_array_equal(read_radiograph(path), picture(bits=12))


def test_surplus_that_may_be_pixels_is_refused():
    dataset = instance(picture(), Rows=90)
    refused(dataset, r"has 6208 bytes; 90 rows .* need 5760, and what is too much is no padding")
    for line in (np.arange(64, dtype=np.uint8), np.arange(97, dtype=np.uint8)):
        dataset = instance(picture())
        dataset.PixelData += line.tobytes()
        refused(dataset, "what is too much is no padding")


@pytest.mark.parametrize(("rows", "columns", "surplus"), [(95, 65, 33), (103, 60, 28)])
def test_pixels_of_another_size_are_refused(rows, columns, surplus):
    dataset = instance(picture(), Rows=rows, Columns=columns)
    assert len(dataset.PixelData) - rows * columns == surplus
    refused(dataset, "what is too much is no padding")


@pytest.mark.parametrize("size", [18, 60])
def test_bytes_in_front_of_the_pixels_are_refused(size):
    dataset = instance(picture())
    dataset.PixelData = bytes(range(size)) + dataset.PixelData
    refused(dataset, "what is too much is no padding")


def test_a_missing_padding_byte_is_no_problem(tmp_path):
    odd = picture(97, 65)
    path = saved(instance(odd), tmp_path / "a")
    content = path.read_bytes()
    place = content.rindex(b"OB\0\0") + 4
    path.write_bytes(content[:place] + (97 * 65).to_bytes(4, "little") + content[place + 4 : -1])
    np.testing.assert_array_equal(read_radiograph(path), odd)


@pytest.mark.parametrize("frames", [-1, 2, "1.5", "abc"])
def test_other_numbers_of_frames_are_refused_with_their_value(frames):
    dataset = instance(picture())
    dataset["NumberOfFrames"] = DataElement("NumberOfFrames", "LO", str(frames))
    refused(dataset, r"NumberOfFrames \(0028,0008\) is ")


def test_a_contradictory_shape_is_read_by_its_photometric_interpretation_when_asked():
    dataset = instance(picture(), PresentationLUTShape="INVERSE")
    refused(dataset, "they contradict each other")
    np.testing.assert_array_equal(read_radiograph(dataset, trust_photometric=True), picture())


@pytest.mark.parametrize("has_meta", [True, False])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("bits", [8, 12])
def test_files_without_preamble_are_read(tmp_path, has_meta, syntax, bits):
    pixels = picture(bits=bits)
    path = saved(in_syntax(instance(pixels, bits), syntax), tmp_path / "image.dcm")
    content = path.read_bytes()[132:]
    start = 0 if has_meta else 12 + int.from_bytes(content[8:12], "little")
    bare = tmp_path / "bare"
    bare.write_bytes(content[start:])
    np.testing.assert_array_equal(read_image(bare), pixels)
    assert find_images(tmp_path) == [bare, path]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("start", [b"DICM", bytes(128) + b"DICM", b""])
@pytest.mark.parametrize("has_meta", [True, False])
def test_files_that_begin_otherwise_are_read(tmp_path, syntax, start, has_meta):
    path = saved(in_syntax(instance(picture(bits=12), 12), syntax), tmp_path / "image.dcm")
    content = path.read_bytes()
    meta = 0 if has_meta else 12 + int.from_bytes(content[140:144], "little")
    if start == b"DICM" and not has_meta:
        return
    path.write_bytes(start + content[132 + meta :])
    assert find_images(tmp_path) == [path]
    np.testing.assert_array_equal(read_image(path), picture(bits=12))


def test_compressed_pixels_without_transfer_syntax_are_refused(tmp_path):
    path = saved(in_syntax(instance(picture()), JPEGLSLossless), tmp_path / "image.dcm")
    content = path.read_bytes()
    path.write_bytes(content[144 + int.from_bytes(content[140:144], "little") :])
    refused(path, r"PixelData \(7FE0,0010\) has \d+ bytes")


@pytest.mark.parametrize("value", [0xFFFF, 0xF000, 4096])
def test_a_padding_value_beyond_bits_stored_takes_no_pixel_of_the_image(value):
    pixels = picture(bits=12)
    pixels[:5] = value
    dataset = instance(pixels, 12, PixelPaddingValue=value)
    expected = pixels.copy()
    expected[:5] = pixels[5:].min()
    assert pixels[5:].max() == 4095
    np.testing.assert_array_equal(read_radiograph(dataset), expected)
