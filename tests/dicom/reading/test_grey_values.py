"""Every accepted combination of what a header can say gives the grey values of another reader.

Frames are decoded by pydicom, as far as possible with another library than the reader's; tables and
windows are applied value by value, as the standard writes it. What is refused names a tag.
"""

import math
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.dcmtk import convert, rendered
from tests.dicom.instances import in_syntax, instance, saved

OTHER_LIBRARIES = {
    JPEG2000Lossless: "pillow",
    JPEGLSLossless: "pylibjpeg",
    RLELossless: "pydicom",
}
NATIVE = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]
QUICK = [*NATIVE, RLELossless, JPEGLSLossless, JPEG2000Lossless]
TAG = re.compile(r"\([0-9A-F]{4},[0-9A-F]{4}\)")
UNIT = {"derandomize": True, "database": None, "deadline": None}
UNIT["suppress_health_check"] = list(HealthCheck)


@st.composite
def tables(draw, values, widest):
    """A look-up table and the values that it is applied to, in any representation."""
    count = draw(st.sampled_from([2, 255, 256, 4096]) | st.integers(2, min(65536, 2 * widest)))
    first = draw(st.integers(int(values[0]) - 5, int(values[-1])))
    first = min(max(first, -32768 if values[0] < 0 else 0), 32767 if values[0] < 0 else 65535)
    bits = draw(st.sampled_from([8, 10, 12, 16]))
    highest = (1 << bits) - 1
    curve = np.linspace(0, 1, count) ** draw(st.sampled_from([0.5, 1, 2]))
    entries = np.rint(highest * (curve[::-1] if draw(st.booleans()) else curve)).astype(int)
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [count % 65536, first, bits])
    representation = draw(st.sampled_from(["US", "SS", "OW"]))
    words = entries.astype("<u2")
    data = {"US": words.tolist(), "SS": words.view("<i2").tolist(), "OW": words.tobytes()}
    item.add_new("LUTData", representation, data[representation])
    return Sequence([item]), first, entries


@st.composite
def pictures(draw, syntaxes):
    """An instance, and the displayed value of each stored value as a function."""
    allocated = draw(st.sampled_from([8, 16]))
    stored = draw(st.integers(6, allocated))
    signed = draw(st.booleans())
    lowest = -(1 << (stored - 1)) if signed else 0
    highest = lowest + (1 << stored) - 1
    kind = np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
    generator = np.random.default_rng(draw(st.integers(0, 2**20)))
    rows, columns = draw(st.sampled_from([(32, 33), (33, 35), (40, 32)]))
    pixels = generator.integers(lowest, highest, (rows, columns), endpoint=True).astype(kind)
    dataset = instance(pixels, stored)
    values = np.arange(lowest, highest + 1, dtype=float)
    with_table = draw(st.sampled_from(["nothing", "rescale", "rescale", "modality table"]))
    if with_table == "rescale":
        slope = draw(st.sampled_from([1, 2, 0.5, -1, 0.0625, -3]))
        intercept = draw(st.sampled_from([0, -1024, 1024, -(1 << stored), 0.5]))
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        dataset.RescaleType = "US"
        values = values * slope + intercept
    elif with_table == "modality table":
        dataset.ModalityLUTSequence, first, entries = draw(tables(values, 1 << stored))
        dataset.ModalityLUTSequence[0].ModalityLUTType = "US"
        values = slow_table(values, first, entries)
    shown = draw(st.sampled_from(["nothing", "window", "window", "table"]))
    ends = None
    if shown == "window":
        function = draw(st.sampled_from([None, "LINEAR", "LINEAR_EXACT", "SIGMOID"]))
        spread = max(float(np.ptp(values)), 2.0)
        centre = round(draw(st.floats(0.2, 0.8)) * spread + float(values.min()), 2)
        width = round(draw(st.floats(0.3, 2)) * spread + 1, 2)
        dataset.WindowCenter, dataset.WindowWidth = centre, width
        if function:
            dataset.VOILUTFunction = function
        ends = 0.0, float((1 << stored) - 1)
        values = np.array([slow_window(v, centre, width, function, ends[1]) for v in values])
    elif shown == "table":
        extent = sorted((values.min(), values.max()))
        dataset.VOILUTSequence, first, entries = draw(tables(extent, 1 << stored))
        values = slow_table(values, first, entries)
    if draw(st.booleans()):
        dataset.PhotometricInterpretation = "MONOCHROME1"
        low, high = ends or (values.min(), values.max())
        values = low + high - values
    syntax = draw(st.sampled_from(syntaxes))
    return in_syntax(dataset, syntax), values, lowest, (shown, with_table)


def slow_table(values, first, entries):
    last = len(entries) - 1
    return np.array([float(entries[min(max(round(v) - first, 0), last)]) for v in values])


def slow_window(value, centre, width, function, highest):
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3 for one value."""
    if function == "SIGMOID":
        power = -4 * (value - centre) / width
        return highest / (1 + math.exp(power)) if power < 700 else 0.0
    if function in (None, "LINEAR"):
        centre, width = centre - 0.5, width - 1
    if value <= centre - width / 2:
        return 0.0
    if value > centre + width / 2:
        return float(highest)
    return highest * ((value - centre) / width + 0.5)


def checked(example, folder):
    dataset, values, lowest, _ = example
    path = saved(dataset, folder / "image.dcm")
    try:
        grey = read_radiograph(path)
    except ImageReadError as error:
        event("refused")
        assert TAG.search(str(error)), str(error)
        return False
    event("read")
    lossless = dataset.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    again = dcmread(convert(["dcmdjpeg"], path) if lossless else path)
    syntax = again.file_meta.TransferSyntaxUID
    stored = pixel_array(again, decoding_plugin=OTHER_LIBRARIES.get(syntax, ""))
    np.testing.assert_allclose(
        grey, values[stored.astype(int) - lowest], rtol=1e-5, atol=1e-3, err_msg=str(again)
    )
    return True


def test_grey_values_are_those_of_another_reader(tmp_path):
    read = []

    @settings(max_examples=120, **UNIT)
    @given(pictures(QUICK))
    def check(example):
        read.append(checked(example, tmp_path))

    check()
    assert sum(read) > 0.8 * len(read)


@pytest.mark.slow
def test_grey_values_of_many_more_are_those_of_another_reader(tmp_path):
    read = []

    @settings(max_examples=1500, **UNIT)
    @given(pictures([*QUICK, JPEGLosslessSV1]))
    def check(example):
        read.append(checked(example, tmp_path))

    check()
    assert sum(read) > 0.8 * len(read)


@pytest.mark.pacs
def test_grey_values_are_those_of_dcmtk(tmp_path):
    """On 256 levels, which is what dcm2pnm shows.

    It takes LINEAR_EXACT for LINEAR, leaves out tables with the VR SS, and rounds in between, so
    that rescaled values closer than 1 become one.
    """

    @settings(max_examples=60, **UNIT)
    @given(pictures([*NATIVE, RLELossless]))
    def check(example):
        dataset, *_, (shown, _) = example
        assume(dataset.BitsStored >= 10 and dataset.get("VOILUTFunction") != "LINEAR_EXACT")
        assume(abs(dataset.get("RescaleSlope", 1)) >= 1)
        for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
            for item in dataset.get(keyword, ()):
                assume(item["LUTData"].VR != "SS" and item.LUTDescriptor[0] > 255)
        path = saved(dataset, tmp_path / "image.dcm")
        try:
            grey = read_radiograph(path)
        except ImageReadError:
            return
        options = {"window": ["+Wi", "1"], "table": ["+Wl", "1"], "nothing": ["+Wm"]}[shown]
        theirs = rendered(path, options)
        # Up to a linear scale, which both choose as they like.
        scale = np.polyfit(grey.ravel(), theirs.ravel(), 1)
        assert scale[0] > 0 or not np.ptp(theirs)
        # A window from the lowest to the highest value is a whole grey value off at its ends.
        tolerance = 2.5 + (255 / np.ptp(grey) if shown == "nothing" else 0)
        fitted = np.polyval(scale, grey)
        np.testing.assert_allclose(fitted, theirs, atol=tolerance, err_msg=str(dataset))

    check()
