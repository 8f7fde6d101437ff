import math

import numpy as np
import pytest
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from monai_covid.dicom.reading.pixel_checks import header_cautions
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.instances import instance, lookup_table, picture

PIXELS = picture(bits=12)


def grey(**attributes):
    return read_radiograph(instance(PIXELS, bits_stored=12, **attributes))


def slow_window(value, centre, width, function, highest):
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3 for one value, as the standard writes it."""
    if function == "SIGMOID":
        return highest / (1 + math.exp(-4 * (value - centre) / width))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if value <= centre - width / 2:
        return 0.0
    if value > centre + width / 2:
        return float(highest)
    return ((value - centre) / width + 0.5) * highest


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_follow_the_standard(function):
    found = grey(WindowCenter=1500, WindowWidth=1000, VOILUTFunction=function)
    expected = [slow_window(int(v), 1500, 1000, function, 4095) for v in PIXELS.ravel()]
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-6, atol=1e-4)


def test_window_without_function_is_linear_and_the_first_of_several_counts():
    several = grey(WindowCenter=[1500, 9], WindowWidth=[1000, 3])
    np.testing.assert_array_equal(several, grey(WindowCenter=1500, WindowWidth=1000))
    np.testing.assert_array_equal(
        several, grey(WindowCenter=1500, WindowWidth=1000, VOILUTFunction="LINEAR")
    )


@pytest.mark.parametrize("width", [{}, {"WindowWidth": ""}, {"WindowWidth": None}])
def test_incomplete_windows_are_no_windows(width):
    np.testing.assert_array_equal(grey(WindowCenter=5, **width), PIXELS)


def test_rescale_comes_before_the_window():
    dataset = instance(
        *(PIXELS, 12), RescaleSlope=2, RescaleIntercept=-100, WindowCenter=3000, WindowWidth=2000
    )
    expected = apply_voi_lut(apply_modality_lut(PIXELS, dataset), dataset)
    low, high = -100, 2 * 4095 - 100
    np.testing.assert_allclose(
        (read_radiograph(dataset)) / 4095, (expected - low) / (high - low), atol=1e-6
    )


def test_negative_slope_turns_the_picture_once():
    falling = grey(RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_allclose(falling, 4095.0 - PIXELS, atol=1e-3)


def test_rescale_alone_gives_the_rescaled_values():
    np.testing.assert_array_equal(grey(RescaleSlope=0.5, RescaleIntercept=-3), PIXELS * 0.5 - 3)


def test_modality_and_voi_tables_with_their_edges():
    modality = [min(2 * v, 65535) for v in range(4000)]
    voi = [v // 16 for v in range(4096)]
    found = grey(
        ModalityLUTSequence=lookup_table(modality, 50, 16),
        VOILUTSequence=lookup_table(voi, 100, 8),
    )
    after_modality = np.array(modality)[np.clip(PIXELS.astype(int) - 50, 0, 3999)]
    expected = np.array(voi)[np.clip(after_modality - 100, 0, 4095)]
    np.testing.assert_array_equal(found, expected)


def test_voi_table_agrees_with_pydicom_where_pydicom_is_right():
    dataset = instance(PIXELS, 12, VOILUTSequence=lookup_table([v * 8 for v in range(4096)], 0, 16))
    np.testing.assert_array_equal(read_radiograph(dataset), apply_voi_lut(PIXELS, dataset))


def test_voi_table_counts_more_than_a_window():
    table = lookup_table([v * 3 for v in range(4096)], 0, 16)
    found = grey(VOILUTSequence=table, WindowCenter=5, WindowWidth=2)
    np.testing.assert_array_equal(found, PIXELS.astype(int) * 3)


@pytest.mark.parametrize("words", ["<u2", "u1"])
def test_table_stored_as_bytes(words):
    table = lookup_table([0], 0, 8)
    table[0].LUTDescriptor = [4096, 0, 8]
    entries = np.array([v // 16 for v in range(4096)], words)
    del table[0].LUTData
    table[0].add_new("LUTData", "OW", entries.tobytes())
    np.testing.assert_array_equal(grey(VOILUTSequence=table), PIXELS // 16)


def test_signed_pixels_with_a_table_that_starts_below_zero():
    signed = PIXELS.astype(np.int16) - 2048
    dataset = instance(signed, bits_stored=12)
    np.testing.assert_array_equal(read_radiograph(dataset), signed)
    dataset.VOILUTSequence = lookup_table(list(range(4096)), 65536 - 2048, 16)
    np.testing.assert_array_equal(read_radiograph(dataset), PIXELS)


@pytest.mark.parametrize("shape", [None, "INVERSE", "IDENTITY"])
def test_monochrome1_is_inverted_exactly_once(shape):
    attributes = {"PresentationLUTShape": shape} if shape else {}
    pixels = picture()
    found = read_radiograph(
        instance(255 - pixels, PhotometricInterpretation="MONOCHROME1", **attributes)
    )
    np.testing.assert_array_equal(found, pixels)


def test_monochrome1_is_inverted_after_the_window():
    found = grey(PhotometricInterpretation="MONOCHROME1", WindowCenter=1500, WindowWidth=1000)
    np.testing.assert_allclose(found, 4095 - grey(WindowCenter=1500, WindowWidth=1000), atol=1e-3)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_monochrome1_is_inverted_in_the_range_of_the_window_also_where_it_is_not_reached(function):
    window = {"WindowCenter": 1000, "WindowWidth": 9000, "VOILUTFunction": function}
    found = grey(PhotometricInterpretation="MONOCHROME1", **window)
    expected = [4095 - slow_window(int(v), 1000, 9000, function, 4095) for v in PIXELS.ravel()]
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize("bits", [8, 12])
def test_overlays_are_ignored(bits):
    pixels = picture(bits=bits)
    dataset = instance(pixels, bits)
    dataset.add_new(0x60000010, "US", 97)
    dataset.add_new(0x60000011, "US", 64)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", b"\xff" * (97 * 64 // 8))
    np.testing.assert_array_equal(read_radiograph(dataset), pixels)


def test_bits_above_bits_stored_are_dropped():
    with_overlay = PIXELS | np.where(PIXELS % 3 == 0, 0x8000, 0).astype(np.uint16)
    np.testing.assert_array_equal(read_radiograph(instance(with_overlay, 12)), PIXELS)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_as_dark_as_the_darkest_pixel(photometric):
    pixels = np.clip(picture(), 10, 200)
    pixels[:, :5] = 0
    pixels[:, -5:] = 3
    padded = read_radiograph(
        instance(
            pixels,
            PhotometricInterpretation=photometric,
            PixelPaddingValue=0,
            PixelPaddingRangeLimit=3,
        )
    )
    shown = padded[:, 5:-5]
    assert set(np.unique(padded[:, :5])) == {shown.min()} == set(np.unique(padded[:, -5:]))
    assert (shown.min(), shown.max()) == ((55, 245) if photometric == "MONOCHROME1" else (10, 200))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"WindowCenter": 90000, "WindowWidth": 10}, r"WindowCenter \(0028,1050\).*one grey value"),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, r"RescaleSlope \(0028,1053\) is 0"),
        ({"VOILUTSequence": lookup_table([], 0, 8)}, r"VOILUTSequence \(0028,3010\)"),
    ],
)
def test_unusable_tables_are_refused_with_their_tag(attributes, message):
    with pytest.raises(ImageReadError, match=message):
        grey(**attributes)


def test_reading_leaves_the_data_set_as_it_was():
    dataset = instance(PIXELS, 12, WindowCenter=[1500, 2], WindowWidth=[1000, 1])
    before = dataset.to_json()
    read_radiograph(dataset)
    assert dataset.to_json() == before


UNUSABLE_WINDOWS = [
    {"WindowCenter": 0, "WindowWidth": 0},
    {"WindowCenter": 100, "WindowWidth": 0.5},
    {"WindowCenter": 100, "WindowWidth": -200},
    {"WindowCenter": 100, "WindowWidth": 0, "VOILUTFunction": "LINEAR_EXACT"},
    {"WindowCenter": 100, "WindowWidth": 0, "VOILUTFunction": "SIGMOID"},
    {"WindowCenter": [0, 5], "WindowWidth": [0, 7]},
    {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "LOG"},
    {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "CUBIC"},
]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", UNUSABLE_WINDOWS)
def test_undefined_windows_are_left_out_with_a_caution(window, photometric):
    dataset = instance(PIXELS, 12, **window, PhotometricInterpretation=photometric)
    expected = PIXELS if photometric == "MONOCHROME2" else 4095.0 - PIXELS
    np.testing.assert_array_equal(read_radiograph(dataset), expected)
    (caution,) = header_cautions(dataset)
    tag = "VOILUTFunction" if window.get("VOILUTFunction") in ("LOG", "CUBIC") else "WindowWidth"
    assert caution.startswith(f"{tag} (0028,")
    assert "left out" in caution


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 5}, {"WindowCenter": 9, "WindowWidth": 9}])
def test_other_windows_need_no_caution(window):
    assert header_cautions(instance(PIXELS, 12, **window)) == []


@pytest.mark.parametrize(
    "rescale", [{"RescaleIntercept": 1e9}, {"RescaleSlope": 1e300}, {"RescaleSlope": 1e-60}]
)
def test_a_rescale_that_single_precision_cannot_hold_is_refused(rescale):
    with pytest.raises(ImageReadError, match=r"RescaleSlope .* single precision does not"):
        grey(**{"RescaleSlope": 1, "RescaleIntercept": 0, **rescale})


@pytest.mark.parametrize(
    "functions", [["SIGMOID", "SIGMOID"], ["SIGMOID", ""], ["SIGMOID", "LINEAR"]]
)
def test_of_several_functions_the_first_counts(functions):
    window = {"WindowCenter": [2048, 9], "WindowWidth": [1000, 9]}
    expected = read_radiograph(instance(PIXELS, 12, **window, VOILUTFunction="SIGMOID"))
    dataset = instance(PIXELS, 12, **window, VOILUTFunction=functions)
    np.testing.assert_array_equal(read_radiograph(dataset), expected)
    assert header_cautions(dataset) == []
