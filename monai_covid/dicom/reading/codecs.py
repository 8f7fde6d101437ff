"""Decoding of compressed frames.

Lossless JPEG and 12-bit JPEG are decoded in a process of their own: GDCM decodes both under a
permissive licence, but at some damaged frames it ends the process it runs in instead of raising an
error. The other codecs' libraries are called without pydicom, which would print their tracebacks.
"""

from __future__ import annotations

import io
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import cast

import jpeg_ls
import numpy as np
from numpy.typing import NDArray
from openjpeg.utils import decode_pixel_data
from PIL import Image
from pydicom.pixels import convert_color_space
from pydicom.uid import (
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from monai_covid.dicom.reading.frame_checks import end_problem, frame_size
from monai_covid.dicom.reading.layout import PixelLayout, named
from monai_covid.errors import TransientError

TIME_LIMIT_SECONDS = 60.0

_PROGRAM = Path(__file__).with_name("gdcm_process.py")
_SHOWN_CHARACTERS = 200
_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGKILL", None))
"""Windows has no SIGKILL."""
_SIGNS_OF_DAMAGE = ("premature end of data segment", "bad Huffman code")
"""After these warnings GDCM makes up the rest of the picture."""


def decode_grey(frame: bytes, syntax: UID, layout: PixelLayout) -> NDArray[np.unsignedinteger]:
    """Return the stored values of a grey frame as they would stand in an uncompressed file.

    Args:
        frame: A frame that fits ``layout`` (`compressed_problems` has nothing against it).
        syntax: Its transfer syntax.
        layout: How the header describes it.

    Returns:
        Two's complement values (H, W), unsigned, in 8 or 16 bits.

    Raises:
        ValueError: The frame cannot be decoded, or its values do not fit into Bits Stored.
        TransientError: As `decode_jpeg`.
    """
    if syntax == RLELossless:
        return _run_length_decoded(frame, layout)
    stated = frame_size(frame)
    if stated is None:
        raise ValueError("the compressed frame is damaged and states no size")
    own_layout = layout._replace(bits_allocated=8 * _bytes(stated.bits), bits_stored=stated.bits)
    if syntax in (JPEGLossless, JPEGLosslessSV1) or (syntax in _JPEG and stated.bits > 8):
        values = decode_jpeg(frame, syntax, own_layout)
    else:
        data = _library_decoded(frame, syntax)
        sign = "i" if stated.signed else "u"
        kind = np.dtype(f"<{sign}{_bytes(stated.bits)}")
        values = np.frombuffer(data, kind).reshape(layout.rows, layout.columns)
    _check_range(values, layout)
    if values.dtype.kind == "i" and layout.bits_allocated == 16:
        values = values.astype(np.int16)  # extends the sign
    return values.view(np.dtype(f"u{values.itemsize}"))


def _bytes(bits: int) -> int:
    return 1 if bits <= 8 else 2


def _library_decoded(frame: bytes, syntax: UID) -> bytes | bytearray:
    if syntax in _JPEG:
        with Image.open(io.BytesIO(frame), formats=("JPEG",)) as image:
            return image.tobytes()
    if syntax in (JPEGLSLossless, JPEGLSNearLossless):
        pixels: bytearray = jpeg_ls.decode_pixel_data(frame)[0]
        return pixels
    if missing := end_problem(frame):  # OpenJPEG would fill it up
        raise ValueError(missing)
    return cast(bytearray, decode_pixel_data(frame, version=2))


def _run_length_decoded(frame: bytes, layout: PixelLayout) -> NDArray[np.unsignedinteger]:
    """Decode RLE (PS3.5 G): a segment a byte, the most significant first, each PackBits."""
    count, *offsets = struct.unpack_from("<16I", frame)
    ends = [*offsets[1:count], len(frame)]
    size = layout.rows * layout.columns
    values = np.empty((size, count), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, ends, strict=False)):
        try:
            segment = Image.frombytes("L", (size, 1), frame[start:end], "packbits", "L")
        except ValueError as error:
            raise ValueError(f"segment {number + 1} of the RLE frame is cut off") from error
        values[:, count - 1 - number] = np.asarray(segment)[0]
    return values.view(f"<u{count}").reshape(layout.rows, layout.columns)


def _check_range(values: NDArray[np.generic], layout: PixelLayout) -> None:
    """Refuse values that Bits Stored would cut off; two's complement may fill the higher bits."""
    lowest, highest = int(values.min()), int(values.max())
    limit = 1 << layout.bits_stored
    if lowest >= 0 and highest < limit:
        return
    signed = values.view(np.dtype(f"i{values.itemsize}")) if layout.signed else values
    if not (-limit // 2 <= int(signed.min()) and int(signed.max()) < limit // 2):
        raise ValueError(
            f"the compressed frame has values from {lowest} to {highest}, which do not fit into "
            f"{named('BitsStored')} {layout.bits_stored}"
        )


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
