"""A sender that puts any bytes into a C-STORE."""

from pathlib import Path

import pytest
from pydicom.dataset import FileDataset
from pydicom.filewriter import write_file_meta_info
from pynetdicom import AE, _config
from pynetdicom.dsutils import encode

from tests.dicom.orthanc.server import HOST, SERVICE_AE_TITLE


def data_set(dataset: FileDataset) -> bytes:
    """The encoded data set as it goes over the network."""
    syntax = dataset.file_meta.TransferSyntaxUID
    encoded = encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    assert encoded is not None
    return encoded


def send_as(
    dataset: FileDataset, data: bytes, port: int, folder: Path, patch: pytest.MonkeyPatch
) -> int:
    """Send ``data`` as if it were ``dataset``; return the status of the answer."""
    file = folder / "sent.dcm"
    with file.open("wb") as stream:
        stream.write(b"\0" * 128 + b"DICM")
        write_file_meta_info(stream, dataset.file_meta)
        stream.write(data)
    # The file's bytes go out as they are, without being parsed.
    patch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    sender = AE("MODALITY")
    sender.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = sender.associate(HOST, port, ae_title=SERVICE_AE_TITLE)
    assert association.is_established
    try:
        answer = association.send_c_store(file)
    finally:
        if association.is_established:
            association.release()
    assert "Status" in answer, "the association ended without an answer"
    return int(answer.Status)
