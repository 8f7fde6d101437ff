"""Reads mutants of one file after another and says of each what came of it, a line of JSON each.

Run by `test_fuzz`, which watches from outside, with a seed and a count.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from monai_covid.cli.main import keep_libraries_quiet
from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.errors import ImageReadError
from tests.dicom.eligibility.chest import chest, with_attributes
from tests.dicom.instances import in_syntax, lookup_table, picture, saved, set_pixels

SYNTAXES = [
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian),
    *(DeflatedExplicitVRLittleEndian, RLELossless),
    *(JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless),
]


def originals(folder: Path) -> list[bytes]:
    """A file of every transfer syntax, with a window and with a table."""
    contents = []
    for syntax in [*SYNTAXES, JPEGLosslessSV1]:
        for table in (False, True):
            dataset = chest(Rows=97, Columns=64, WindowCenter=[100, 2], WindowWidth=[200, 4])
            set_pixels(dataset, picture().tobytes())
            dataset = with_attributes(dataset, StudyDescription="SECRET chest")
            if table:
                dataset.VOILUTSequence = lookup_table(list(range(256)), 0, 8)
            contents.append(saved(in_syntax(dataset, syntax), folder / "original").read_bytes())
    return contents


def mutated(content: bytes, generator: random.Random) -> tuple[bytes, bool]:
    """A mutant, and whether it is the original cut off."""
    changed = bytearray(content)
    kind = generator.random()
    if kind < 0.15:
        return content[: generator.randrange(len(content))], True
    if kind < 0.35:
        start = generator.randrange(len(changed))
        return bytes(changed[:start] + changed[start + generator.randrange(1, 9) :]), False
    if kind < 0.45:
        start = generator.randrange(len(changed))
        return bytes(changed[:start] + generator.randbytes(4) + changed[start:]), False
    for _ in range(generator.choice([1, 4, 40])):
        place = generator.randrange(132, generator.choice([len(changed), min(1500, len(changed))]))
        changed[place] = generator.choice(
            [changed[place] ^ 4, generator.randrange(256), 255, 0, changed[place] ^ 128]
        )
    return bytes(changed), False


def outcome(path: Path) -> str:
    """What the reader says of ``path``: nothing if it is read."""
    try:
        reasons = ineligibility(read_header(path))
        assert all(isinstance(reason, str) for reason in reasons)
        assert read_radiograph(path).ndim == 2
    except ImageReadError as error:
        return str(error)
    return ""


def main(seed: int, count: int) -> None:
    """Read ``count`` mutants."""
    keep_libraries_quiet()
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        contents = originals(Path(folder))
        path = Path(folder, "mutant.dcm")
        for number in range(count):
            # Lossless JPEG, which takes a process a file, less often than the others.
            choices = contents if number % 20 == 0 else contents[:-2]
            content, cut = mutated(generator.choice(choices), generator)
            path.write_bytes(content)
            line = {"number": number, "cut": cut, "refusal": outcome(path)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
