"""Freed memory stays with the process where glibc allows it."""

import platform
import subprocess
import sys

import pytest

from monai_covid.models import device as memory

FREE_AND_MEASURE = """
import psutil, torch
from monai_covid.models.device import disable_malloc_trim, keep_small_blocks
assert {call}
# Blocks of 40 MB are above all that glibc would keep by itself.
blocks = [torch.ones(10 * 2**20) for _ in range(10)]
del blocks
print(psutil.Process().memory_info().rss // 2**20)
"""


def resident(call):
    script = FREE_AND_MEASURE.format(call=call)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone keeps freed memory")
def test_freed_memory_is_kept():
    assert resident("disable_malloc_trim()") - resident("True") > 300


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone keeps freed memory")
def test_a_service_hands_back_what_large_images_took():
    assert resident("keep_small_blocks()") - resident("True") < 100


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert not memory.disable_malloc_trim()
    assert not memory.keep_small_blocks()
