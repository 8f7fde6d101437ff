"""DICOM instances of X-ray pictures, built for the tests."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
    generate_uid,
)

from tests.dicom.reading.lossless_jpeg import encode_lossless

PATIENT_NAME = "SECRET^PERSON"


def picture(rows: int = 97, columns: int = 64, bits: int = 8, seed: int = 0) -> np.ndarray:
    """Unsigned pixels (rows, columns) of the whole range, different each way round."""
    generator = np.random.default_rng(seed)
    down, right = np.mgrid[0:rows, 0:columns]
    smooth = 0.6 * down / rows + 0.3 * right / columns
    pixels = (smooth + 0.1 * generator.random((rows, columns))) * (2**bits - 1)
    pixels = pixels.astype(np.uint8 if bits == 8 else np.uint16)
    pixels[0, 0], pixels[-1, -1] = 0, 2**bits - 1
    return pixels


def instance(pixels: np.ndarray, bits_stored: int | None = None, **attributes: object) -> Dataset:
    """A CR instance, explicit little endian, of ``pixels`` (H, W) or (H, W, 3)."""
    dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    del dataset.filename
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Modality, dataset.PatientName, dataset.PatientID = "CR", PATIENT_NAME, "SECRET-ID"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored = bits_stored or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    set_pixels(dataset, pixels.tobytes())
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def set_pixels(dataset: Dataset, data: bytes) -> None:
    """Put ``data`` in as pixel data, padded to an even length."""
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"


def saved(dataset: Dataset, path: Path) -> Path:
    """Write ``dataset`` to ``path`` and return it."""
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def lookup_table(entries: list[int], first: int, bits: int) -> Sequence:
    """A modality or VOI LUT sequence of one item."""
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item.add_new("LUTData", "US", entries)
    return Sequence([item])


def in_syntax(dataset: Dataset, syntax: str) -> Dataset:
    """``dataset`` with its pixels in another transfer syntax."""
    if syntax == ExplicitVRBigEndian:
        if dataset.BitsAllocated == 16:
            dataset.PixelData = _swapped(dataset.PixelData)
        for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
            for item in dataset.get(keyword, ()):
                if item["LUTData"].VR == "OW":  # as it lies in the file
                    item.LUTData = _swapped(item.LUTData)
        dataset.file_meta.TransferSyntaxUID = syntax
    elif syntax in (JPEGBaseline8Bit, JPEGLosslessSV1):
        pixels = np.frombuffer(dataset.PixelData, f"<u{dataset.BitsAllocated // 8}")
        pixels = pixels[: dataset.Rows * dataset.Columns].reshape(dataset.Rows, dataset.Columns)
        lossy = syntax == JPEGBaseline8Bit
        frame = jpeg(pixels) if lossy else encode_lossless(pixels, dataset.BitsStored)
        dataset.PixelData = encapsulate([frame])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = syntax
    elif UID(syntax).is_encapsulated:
        # GDCM, which pydicom prefers for RLE, ends the process at some depths.
        plugin = "pydicom" if syntax == RLELossless else ""
        dataset.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _swapped(words: bytes) -> bytes:
    return np.frombuffer(words, "<u2").byteswap().tobytes()


def jpeg(pixels: np.ndarray) -> bytes:
    """Baseline JPEG of 8-bit ``pixels``."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()
