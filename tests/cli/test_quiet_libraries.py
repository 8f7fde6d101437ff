"""What libraries say of damaged files does not reach the console."""

import subprocess
import sys

import pytest

from tests.dicom.instances import in_syntax, instance, picture, saved

READ = """
import logging, sys, warnings
from monai_covid.cli.main import keep_libraries_quiet
from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError

logging.basicConfig(level=logging.INFO)
warnings.simplefilter("default")
if sys.argv[2] == "quiet":
    keep_libraries_quiet()
try:
    read_image(sys.argv[1])
except ImageReadError as error:
    print(error)
"""


def read(path, how):
    """What reading ``path`` says, and what it prints besides."""
    command = [sys.executable, "-c", READ, str(path), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, done.stderr


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80"])
def test_a_damaged_frame_is_one_line_whoever_asks(tmp_path, syntax):
    path = saved(in_syntax(instance(picture(96, 64)), syntax), tmp_path / "a.dcm")
    content = bytearray(path.read_bytes())
    start = content.rindex(b"\xff\x4f\xff\x51" if syntax.endswith("90") else b"\xff\xd8\xff\xf7")
    content[start + 45 : -60] = bytes(len(content) - start - 105)
    path.write_bytes(content)
    said, printed = read(path, "loud")
    assert "PixelData (7FE0,0010) cannot be decoded" in said
    assert printed == ""


def test_warnings_of_the_parser_are_left_out(tmp_path):
    path = saved(instance(picture(), SpecificCharacterSet="ISO_IR 192"), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"ISO IR 192"))
    assert read(path, "quiet") == ("", "")
    assert "pydicom" in read(path, "loud")[1]
