"""How threads wait for each other is settled before torch is loaded."""

import os
import subprocess
import sys

import pytest

from monai_covid.cli.main import SPINS, limit_openmp_spin

SEEN = """
import os, sys
from monai_covid.cli.main import main
try:
    main(["--version"])
except SystemExit:
    pass
print(os.environ.get("GOMP_SPINCOUNT"), "torch" in sys.modules)
"""


def test_the_command_line_chooses_it_before_torch_is_loaded():
    environment = {name: value for name, value in os.environ.items() if "OMP" not in name}
    line = [sys.executable, "-c", SEEN]
    said = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split()[-2:] == [SPINS, "False"]


@pytest.mark.parametrize("name", ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_the_choice_of_the_user_stays(monkeypatch, name):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv(name, "7")
    assert not limit_openmp_spin()
    assert os.environ[name] == "7"
    assert os.environ.get("GOMP_SPINCOUNT") == ("7" if name == "GOMP_SPINCOUNT" else None)


def test_chosen_where_nothing_is(monkeypatch):
    environment = {}
    monkeypatch.setattr(os, "environ", environment)
    assert limit_openmp_spin()
    assert environment == {"GOMP_SPINCOUNT": SPINS}
