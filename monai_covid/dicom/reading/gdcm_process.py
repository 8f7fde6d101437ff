"""The program that decodes one JPEG frame with GDCM: frame on standard input, pixels on the output.

Not imported but run by path, with nothing of this package, so that it starts in a tenth of a
second. Its arguments are listed in `monai_covid.dicom.reading.codecs`.
"""

from __future__ import annotations

import sys

import gdcm


def decoded(frame: bytes, arguments: list[str]) -> bytes:
    """Return the pixels of ``frame``, little endian, samples of a pixel side by side."""
    syntax, photometric = arguments[:2]
    rows, columns, samples, bits_allocated, bits_stored = map(int, arguments[2:])
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())

    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    interpretation = gdcm.PhotometricInterpretation.GetPIType(photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(interpretation))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    if bits_allocated == 8:
        bits_stored = 8  # GDCM ends the process at fewer bits in a byte
    image.SetPixelFormat(gdcm.PixelFormat(samples, bits_allocated, bits_stored, bits_stored - 1, 0))
    buffer = image.GetBuffer()
    if buffer is None:
        sys.exit("GDCM cannot decode the frame")
    # The binding returns the bytes as text.
    pixels: bytes = buffer.encode("utf-8", "surrogateescape")
    return pixels


if __name__ == "__main__":
    sys.stdout.buffer.write(decoded(sys.stdin.buffer.read(), sys.argv[1:]))
