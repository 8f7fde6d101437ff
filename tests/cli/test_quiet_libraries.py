"""What libraries say of damaged files does not reach the console."""

import logging
import warnings

import pytest

from monai_covid.cli.main import keep_libraries_quiet
from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError
from tests.dicom.instances import in_syntax, instance, picture, saved


@pytest.fixture
def console():
    """Logging to standard error and every warning, as the command line has them."""
    root, levels = logging.getLogger(), {}
    for name in ("pydicom", "PIL", "nibabel", "openjpeg", "pylibjpeg"):
        levels[name] = logging.getLogger(name).level
    handler = logging.StreamHandler()
    root.addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        keep_libraries_quiet()
        yield
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80"])
def test_a_damaged_frame_is_one_error_and_prints_nothing(console, tmp_path, capfd, syntax):
    path = saved(in_syntax(instance(picture(96, 64)), syntax), tmp_path / "a.dcm")
    content = bytearray(path.read_bytes())
    start = content.rindex(b"\xff\x4f\xff\x51" if syntax.endswith("90") else b"\xff\xd8\xff\xf7")
    content[start + 45 : -60] = bytes(len(content) - start - 105)
    path.write_bytes(content)
    with pytest.raises(ImageReadError, match=r"PixelData \(7FE0,0010\) cannot be decoded"):
        read_image(path)
    assert capfd.readouterr() == ("", "")


def test_warnings_of_the_parser_are_left_out(console, tmp_path, capfd):
    path = saved(instance(picture()), tmp_path / "a.dcm")
    content = path.read_bytes().replace(b"SECRET-ID ", b"\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4")
    path.write_bytes(content.replace(b"CS\x02\x00CR", b"CS\x02\x00mr"))
    with pytest.raises(ImageReadError, match="Modality"):
        read_image(path)
    assert capfd.readouterr() == ("", "")
