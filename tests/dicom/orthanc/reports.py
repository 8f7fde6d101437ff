"""What a structured report says, as two programs read it."""

import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import highdicom
from pydicom import dcmread

from tests.dicom.orthanc.programs import program

_PROBABILITY = re.compile(r'<contains NUM:\(.*,"Probability of (.+?)"\)="(.+?)" ')
_CLASS = re.compile(r'<contains CODE:\(.*,"Most probable class"\)=\((.+?),(.+?),"(.+?)"\)>')
_SOURCE = re.compile(r'<contains IMAGE:\(.*,"Source of Measurement"\)=\(.*,"([\d.]+)"\)>')


class Said(NamedTuple):
    """The content of a report.

    Attributes:
        probabilities: By the shown name of the class.
        most_probable: Code value, scheme and meaning of the class.
        image: SOP Instance UID of the image.
    """

    probabilities: Mapping[str, float]
    most_probable: tuple[str, str, str]
    image: str


def read_by_highdicom(content: bytes) -> Said:
    """Read a report with highdicom."""
    report = highdicom.sr.Comprehensive3DSR.from_dataset(dcmread(io.BytesIO(content)))
    (group,) = [
        group
        for group in report.content.get_image_measurement_groups()
        if group.tracking_identifier == "classification"
    ]
    probabilities = {
        measurement.name.meaning.removeprefix("Probability of "): measurement.value
        for measurement in group.get_measurements()
    }
    (evaluation,) = group.get_qualitative_evaluations()
    (source,) = group.source_images
    code = evaluation.value
    return Said(
        probabilities,
        (code.value, code.scheme_designator, code.meaning),
        str(source.referenced_sop_instance_uid),
    )


def read_by_dcmtk(content: bytes, folder: Path) -> Said:
    """Read a report with dsrdump; it is written to ``folder`` for that."""
    text = dump(content, folder)
    probabilities = {name: float(value) for name, value in _PROBABILITY.findall(text)}
    (code,) = _CLASS.findall(text)
    (source,) = _SOURCE.findall(text)
    return Said(probabilities, code, source)


def dump(content: bytes, folder: Path) -> str:
    """All that dsrdump prints of a report, in UTF-8; errors of dsrdump fail."""
    file = folder / "report.dcm"
    file.write_bytes(content)
    done = subprocess.run(
        [program("dsrdump"), "+Pl", "+Pu", "+Pc", "+U8", str(file)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    errors = done.stderr.decode(errors="replace")
    assert done.returncode == 0, errors
    assert "E:" not in errors, errors
    return done.stdout.decode()
