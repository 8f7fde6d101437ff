"""dciodvfy's opinion of an instance."""

import subprocess
from pathlib import Path

from tests.dicom.orthanc.programs import program


def errors(content: bytes, folder: Path) -> list[str]:
    """The errors that dciodvfy finds; the instance is written to ``folder`` for that."""
    file = folder / "instance.dcm"
    file.write_bytes(content)
    done = subprocess.run(
        [program("dciodvfy"), "-new", str(file)], capture_output=True, check=False, timeout=60
    )
    said = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    # Its first line names the object definition that it chose.
    assert said and done.returncode in (0, 1), f"dciodvfy ended with {done.returncode}: {said}"
    return [line for line in said if line.startswith("Error")]
