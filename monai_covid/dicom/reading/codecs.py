"""Lossless JPEG and 12-bit JPEG, decoded in a process of their own.

GDCM decodes both under a permissive licence, but at some damaged frames it ends the process it runs
in instead of raising an error.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import convert_color_space

from monai_covid.dicom.reading.layout import PixelLayout
from monai_covid.errors import TransientError

TIME_LIMIT_SECONDS = 60.0

_PROGRAM = Path(__file__).with_name("gdcm_process.py")
_SHOWN_CHARACTERS = 200
_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
_SIGNS_OF_DAMAGE = ("premature end of data segment", "bad Huffman code")
"""After these warnings GDCM makes up the rest of the picture."""


def decode_jpeg(
    frame: bytes, syntax: str, layout: PixelLayout, time_limit: float = TIME_LIMIT_SECONDS
) -> NDArray[np.generic]:
    """Return the stored values of a JPEG frame of ``layout``: (H, W), or (H, W, 3) as RGB.

    Args:
        frame: The compressed frame.
        syntax: Its transfer syntax UID.
        layout: How the header describes it. Values are returned unsigned.
        time_limit: Seconds after which decoding is given up.

    Raises:
        ValueError: The frame cannot be decoded.
        TransientError: The decoder could not be started, was ended by a signal from outside or took
            too long.
    """
    pixels = _run(frame, syntax, layout, time_limit)
    count = layout.rows * layout.columns * layout.samples
    if len(pixels) not in (count, 2 * count):
        raise ValueError(f"the decoder gave {len(pixels)} bytes for {count} samples")
    kind = np.dtype(np.uint8 if len(pixels) == count else "<u2")
    shape = (layout.rows, layout.columns, layout.samples)[: 2 if layout.samples == 1 else 3]
    values: NDArray[np.generic] = np.frombuffer(pixels, kind).reshape(shape)
    if layout.photometric.startswith("YBR"):
        values = convert_color_space(values, layout.photometric, "RGB")
    return values


def _run(frame: bytes, syntax: str, layout: PixelLayout, time_limit: float) -> bytes:
    sizes = (layout.rows, layout.columns, layout.samples, layout.bits_allocated, layout.bits_stored)
    command = [sys.executable, str(_PROGRAM), syntax, layout.photometric, *map(str, sizes)]
    try:
        done = subprocess.run(
            command,
            input=frame,
            capture_output=True,
            check=False,
            timeout=time_limit,
            start_new_session=True,  # Ctrl-C is for the program, which ends after this frame
        )
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"decoding took more than {time_limit:g} s") from error
    except OSError as error:
        raise TransientError(f"the decoder cannot be started: {error.strerror}") from error
    if -done.returncode in _FROM_OUTSIDE:
        raise TransientError(f"the decoder was ended by signal {-done.returncode}")
    said = " ".join(done.stderr.decode(errors="replace").split())
    if done.returncode != 0 or any(sign in said for sign in _SIGNS_OF_DAMAGE):
        raise ValueError(f"the decoder failed: {said[-_SHOWN_CHARACTERS:]}")
    return done.stdout
