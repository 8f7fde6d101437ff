"""Files damaged at random: refused in words or read, never anything else."""

import random

import pytest
from pydicom import config
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import chest, with_attributes
from tests.dicom.instances import in_syntax, picture, saved, set_pixels

SYNTAXES = [
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian),
    *(DeflatedExplicitVRLittleEndian, RLELossless),
    *(JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless),
]
CASES = 60


def small_chest():
    dataset = chest(Rows=97, Columns=64, WindowCenter=[100, 2], WindowWidth=[200, 4])
    set_pixels(dataset, picture().tobytes())
    return with_attributes(dataset, StudyDescription="SECRET chest")


def damaged(content, generator):
    content = bytearray(content)
    kind = generator.random()
    if kind < 0.2:
        return content[: generator.randrange(len(content))]
    if kind < 0.4:
        start = generator.randrange(len(content))
        return content[:start] + content[start + generator.randrange(1, 9) :]
    for _ in range(generator.choice([1, 4, 40])):
        place = generator.randrange(132, generator.choice([len(content), 1500]))
        content[place] = generator.choice([content[place] ^ 4, generator.randrange(256), 255, 0])
    return content


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_damaged_files_are_refused_or_read(tmp_path, syntax):
    path = saved(in_syntax(small_chest(), syntax), tmp_path / "image.dcm")
    whole, generator, refusals = path.read_bytes(), random.Random(0), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, generator))
        try:
            # Or pydicom would warn of every damaged value.
            with config.disable_value_validation():
                reasons = ineligibility(read_header(path))
                assert read_radiograph(path).ndim == 2
        except ImageReadError as error:
            reasons = [str(error)]
            refusals += 1
        assert "SECRET" not in "".join(reasons)
    assert 0 < refusals < CASES
