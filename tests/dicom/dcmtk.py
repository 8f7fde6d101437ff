"""Calls of dcmtk's programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from tests.missing import missing


def convert(command: list[str], path: Path) -> Path:
    """The file that a dcmtk program makes of ``path``, beside it."""
    target = path.with_name(f"{path.stem}-{command[0]}.dcm")
    _run([*command, str(path), str(target)])
    return target


def rendered(path: Path, options: list[str]) -> np.ndarray:
    """The picture (H, W) with 256 grey levels that dcm2pnm shows of ``path``."""
    target = path.with_suffix(".pgm")
    _run(["dcm2pnm", "+op", *options, str(path), str(target)])
    return np.asarray(Image.open(target), dtype=float)


def _run(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is missing: apt install dcmtk")
    subprocess.run(command, check=True, capture_output=True, timeout=60)
