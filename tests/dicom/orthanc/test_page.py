"""The lines of the PACS administrator's page, copied, bring results into Debian's Orthanc."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.programs import program
from tests.dicom.orthanc.studies import radiograph, save
from tests.dicom.orthanc.waiting import until
from tests.missing import missing

pytestmark = pytest.mark.pacs

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "connect.md"
CONFIGURATION = Path("/etc/orthanc")
ORTHANC, STATUS = "http://127.0.0.1:8042", "http://127.0.0.1:8081"
"""As installed, and as the page says."""


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    """The blocks of the section on Orthanc, for copies of the folders that they name."""
    if not (CONFIGURATION / "orthanc.json").exists():
        missing("no /etc/orthanc/orthanc.json: 'apt-get install orthanc'")
    shutil.copytree(CONFIGURATION, tmp_path / "etc")
    installed = tmp_path / "etc" / "orthanc.json"
    text = installed.read_text().replace("/var/lib/orthanc", str(tmp_path / "var"))
    installed.write_text(text)
    section = PAGE.read_text().split("## Orthanc\n", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    copies = {"sudo ": "", "/etc/orthanc": str(tmp_path / "etc"), "~": str(tmp_path)}
    for named, copy in copies.items():
        blocks = [block.replace(named, copy) for block in blocks]
    without = ("apt-get", "systemctl")
    return [
        "\n".join(line for line in block.splitlines() if not line.startswith(without))
        for block in blocks
    ]


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    """A process that ends with the test."""
    own = str(Path(sys.executable).parent)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{own}:{os.environ['PATH']}"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    """Whether a server is there and well."""
    try:
        return requests.get(url, timeout=10).ok
    except requests.ConnectionError:
        return False


def status() -> dict[str, Any]:
    """What the service says of itself."""
    return dict(requests.get(f"{STATUS}/status", timeout=30).json())


@pytest.mark.parametrize("destination", ["as it is", f"{ORTHANC}/dicom-web"])
def test_the_page_brings_results_into_orthanc(
    lines: list[str], destination: str, tmp_path: Path
) -> None:
    configure, listen, send = lines
    if destination != "as it is":
        listen = re.sub(
            r"--send-to \S+ --storage-commitment \S+", f"--send-to {destination}", listen
        )
    subprocess.run(["sh", "-ec", configure], cwd=ROOT, check=True)
    (file,) = save([radiograph(PEOPLE[0], "page")], tmp_path / "source")
    send = send.replace("storescu", program("storescu")).replace("chest.dcm", str(file))
    orthanc = started([program("Orthanc"), str(tmp_path / "etc")], tmp_path / "orthanc.log")
    service = started(["sh", "-c", f"exec {listen}"], tmp_path / "service.log")
    with orthanc, service:
        until(lambda: answers(f"{ORTHANC}/system"), f"{tmp_path}/orthanc.log answers")
        until(lambda: answers(f"{STATUS}/ready"), f"{tmp_path}/service.log is ready", 300)
        subprocess.run(["sh", "-ec", send], check=True)
        # The model is loaded meanwhile, which takes minutes where something else fills every core.
        until(lambda: status()["studies"]["done"], f"{tmp_path}/service.log: a study is done", 300)
        stored = requests.get(f"{ORTHANC}/instances", timeout=30).json()
        assert len(stored) == 5
        totals = status()["totals"]
        assert totals["results_committed"] == (4 if destination == "as it is" else 0)
