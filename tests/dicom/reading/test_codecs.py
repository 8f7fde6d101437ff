import signal

import numpy as np
import psutil
import pytest
from pydicom.uid import JPEGLosslessSV1

from monai_covid.dicom.reading.codecs import decode_jpeg
from monai_covid.dicom.reading.layout import layout_of
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError, TransientError
from tests.dicom.instances import in_syntax, instance, picture, saved
from tests.dicom.reading.lossless_jpeg import encode_lossless


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_lossless_frames_give_the_pixels(bits):
    pixels = picture(bits=bits)
    layout = layout_of(instance(pixels, bits))
    found = decode_jpeg(encode_lossless(pixels, bits), JPEGLosslessSV1, layout)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


def test_signed_values_are_read_through_lossless_jpeg():
    pixels = picture(bits=12)
    dataset = in_syntax(instance(pixels, 12), JPEGLosslessSV1)
    dataset.PixelRepresentation = 1
    expected = (pixels.astype(int) + 2048) % 4096 - 2048
    np.testing.assert_array_equal(read_radiograph(dataset), expected)


def test_a_frame_on_which_the_decoder_ends_its_process_is_refused(tmp_path, capfd):
    path = saved(in_syntax(instance(picture()), JPEGLosslessSV1), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes().replace(b"\xff\xc4", b"\0\0"))
    with pytest.raises(ImageReadError, match=r"cannot be decoded .*: the decoder failed"):
        read_radiograph(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_cut_frames_are_refused_and_not_filled_up(share, end):
    frame = encode_lossless(picture(), 8)
    with pytest.raises(ValueError, match=r"the decoder failed: .*(GDCM cannot|premature end)"):
        decode_jpeg(
            frame[: int(share * len(frame))] + end, JPEGLosslessSV1, layout_of(instance(picture()))
        )


def test_a_decoder_that_does_not_end_is_ended():
    layout = layout_of(instance(picture()))
    with pytest.raises(TransientError, match=r"decoding took more than 0\.001 s"):
        decode_jpeg(encode_lossless(picture(), 8), JPEGLosslessSV1, layout, time_limit=0.001)


def test_a_frame_for_another_layout_is_refused():
    layout = layout_of(instance(picture(60, 40)))
    with pytest.raises(ValueError, match="decoder"):
        decode_jpeg(encode_lossless(picture(), 8), JPEGLosslessSV1, layout)


def test_no_process_is_left_behind():
    layout = layout_of(instance(picture()))
    before = psutil.Process().children()
    decode_jpeg(encode_lossless(picture(), 8), JPEGLosslessSV1, layout)
    assert psutil.Process().children() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_decoder_that_is_ended_from_outside_is_no_fault_of_the_image(
    number, monkeypatch, tmp_path
):
    layout = layout_of(instance(picture()))
    program = tmp_path / "ended.py"
    program.write_text(f"import os; os.kill(os.getpid(), {int(number)})")
    monkeypatch.setattr("monai_covid.dicom.reading.codecs._PROGRAM", program)
    with pytest.raises(TransientError, match=f"ended by signal {int(number)}"):
        decode_jpeg(b"frame", JPEGLosslessSV1, layout)


def test_a_decoder_that_ends_itself_is_the_fault_of_the_image(monkeypatch, tmp_path):
    layout = layout_of(instance(picture()))
    program = tmp_path / "aborts.py"
    program.write_text("import os; os.abort()")
    monkeypatch.setattr("monai_covid.dicom.reading.codecs._PROGRAM", program)
    with pytest.raises(ValueError, match="the decoder failed"):
        decode_jpeg(b"frame", JPEGLosslessSV1, layout)
