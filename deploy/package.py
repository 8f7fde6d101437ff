"""Build a MONAI Application Package: ``python package.py --wheel WHEEL --model MODEL --tag NAME``.

Lays out the application with the library beside it and calls the packager, ``monai-deploy package``
of holoscan-cli 4.2, in the environment of this interpreter, which needs the SDK. The packager needs
Docker with buildx.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from email.parser import HeaderParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
APPLICATION = (
    *("app.py", "batch.py", "graph.py", "inputs.py", "links.py", "logs.py", "pipeline.py"),
    *("processor.py", "stack_limit.py", "study_key.py", "summary.py", "operators"),
)
EXTRA = "pacs"
"""The library's extra with what writes DICOM."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Package what the ``arguments`` of the command line say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, required=True, help="wheel of monai-covid")
    parser.add_argument("--model", type=Path, required=True, help="model file of stage 3")
    parser.add_argument("--tag", required=True, help="name of the image, NAME[:TAG]")
    parser.add_argument("--output", type=Path, help="folder for the image as an archive")
    options, others = parser.parse_known_args(arguments)
    if options.output is not None:
        others += ["--output", str(options.output)]
    with tempfile.TemporaryDirectory() as folder:
        application = lay_out(Path(folder), options.wheel)
        # The application looks for this name.
        model = shutil.copy(options.model, Path(folder) / "model.pt")
        command = packager_command(application, Path(model), options.tag)
        return subprocess.run([*command, *others], check=False).returncode


def lay_out(folder: Path, wheel: Path) -> Path:
    """Put the application, the library, its requirements and documents into ``folder``.

    The packager copies the folder of ``app.py`` whole and has no place for a second wheel; beside
    ``app.py`` the library is found without being installed.

    Returns:
        The application file.
    """
    application = folder / "app"
    application.mkdir()
    for name in APPLICATION:
        source = HERE / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, application / name, ignore=ignored)
        else:
            shutil.copy(source, application)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(application)
    own = (HERE / "requirements.txt").read_text(encoding="utf-8")
    library = "\n".join(requirements(application))
    (application / "requirements.txt").write_text(f"{own}{library}\n", encoding="utf-8")
    documents = folder / "docs"
    documents.mkdir()
    shutil.copy(REPOSITORY / "LICENSE", documents)
    shutil.copy(HERE / "README.md", documents)
    return application / "app.py"


def requirements(application: Path) -> Iterator[str]:
    """Yield what the library in ``application`` needs, in the versions of ``constraints.txt``."""
    (metadata,) = application.glob("*.dist-info/METADATA")
    needed = HeaderParser().parsestr(metadata.read_text(encoding="utf-8")).get_all("Requires-Dist")
    text = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8")
    versions = {_name(line): line for line in text.splitlines() if "==" in line}
    for line in needed or []:
        requirement, _, marker = line.partition(";")
        if not marker or re.search(rf"extra == ['\"]{EXTRA}['\"]", marker):
            yield versions.get(_name(requirement), requirement.strip())


def packager_command(application: Path, model: Path, tag: str) -> list[str]:
    """Return the command line of the packager."""
    return [
        *(str(Path(sysconfig.get_path("scripts")) / "monai-deploy"), "package"),
        str(application),
        *("--config", str(HERE / "app.yaml")),
        *("--models", str(model)),
        *("--docs", str(application.parent.parent / "docs")),
        *("--platform", "x86_64"),
        *("--source", str(HERE / "artifacts.json")),
        *("--tag", tag),
    ]


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else ""


if __name__ == "__main__":
    sys.exit(main())
