"""Peak memory of stage 2 for few and for many images with the same cache, in one run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from monai_covid.lab.phantom.write_nih import write_nih_phantom
from monai_covid.training.cross_validation import run_config
from tests.benchmarks.peak import peak_mib

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
FEW, MANY = 400, 2400
"""The fewer fill a batch of validation already; an image at 224 px takes 196 KiB."""
CACHE_GB = 0.01
"""Holds about 50 images at 224 px."""


def train(folder: str, output: str) -> None:
    """Train one epoch of the head and print this process's peak memory in MiB."""
    run_config(
        BUNDLE,
        "stage2_nih.yaml",
        "training",
        dataset_dir=folder,
        output_dir=output,
        imagenet="none",
        max_epochs=1,
        head_epochs=1,
        cache_gb=CACHE_GB,
        progress=False,
    )
    print(peak_mib())


def main() -> None:
    peaks = {}
    with tempfile.TemporaryDirectory() as scratch:
        for images in (FEW, MANY):
            folder = write_nih_phantom(Path(scratch) / str(images), images=images, seed=0)
            call = [sys.executable, "-m", "tests.benchmarks.memory", str(folder), f"{folder}-run"]
            printed = subprocess.run(call, check=True, capture_output=True, text=True).stdout
            peaks[images] = float(printed.splitlines()[-1])
            print(f"  {images:5} images: peak {peaks[images]:.0f} MiB")
    growth = 1024 * (peaks[MANY] - peaks[FEW]) / (MANY - FEW)
    print(f"(c) peak memory, {MANY} over {FEW} images: {peaks[MANY] / peaks[FEW]:.3f}")
    print(f"    {growth:.1f} KiB for each further image")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train(sys.argv[1], sys.argv[2])
    else:
        main()
