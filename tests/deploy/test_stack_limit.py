"""Room on the stack."""

import resource
import subprocess
import sys

import pytest

from tests.deploy.conftest import DEPLOY

MIB = 1024**2


def _raised(soft: int, hard: int) -> subprocess.CompletedProcess[str]:
    script = (
        "import resource, stack_limit; stack_limit.raise_stack_limit();"
        "print(resource.getrlimit(resource.RLIMIT_STACK)[0])"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))

    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=DEPLOY,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("soft", "expected"), [(8 * MIB, 32 * MIB), (48 * MIB, 48 * MIB)])
def test_a_small_limit_is_raised_and_a_large_one_stays(soft, expected):
    assert int(_raised(soft, 64 * MIB).stdout) == expected


def test_a_hard_limit_below_it_is_told():
    finished = _raised(8 * MIB, 16 * MIB)
    assert finished.returncode == 1
    assert f"hard limit of the stack is {16 * MIB} bytes" in finished.stderr
